"""One ssh process and its pipes: bytes in and out with time limits, and an end that any thread can make."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from bench.wire.frames import BrokenStreamError

# Fewer turns between this process and ssh.
_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 20
_STDERR_LINES = 40
_LINE_CHARACTERS = 500
# Longer than ssh needs to notice a dead link, 45 s: nothing at all was taken for that long.
_STALL_SECONDS = 120.0
_END_SECONDS = 3.0


@dataclass
class Traffic:
    """What went over a board's connections so far, in bytes of our own: without what SSH adds."""

    num_bytes_sent: int = 0
    num_bytes_received: int = 0
    num_connections: int = 0
    num_files_sent: int = 0
    num_file_bytes_sent: int = 0


class Pipe:
    """A started ssh process. One thread reads and writes; any thread may kill it.

    It has a session of its own: the terminal's Ctrl-C does not reach it, and it cannot ask on the terminal.
    """

    def __init__(self, command: Sequence[str], traffic: Traffic) -> None:
        """Start ssh.

        Raises:
            OSError: there is no such program, or it cannot be started.
        """
        self._traffic = traffic
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            # A jump host's own ssh knows nothing of BatchMode; without a terminal this silences it.
            env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._in, False)
        _enlarge(self._in)
        self._lock = threading.Lock()
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self._listener = threading.Thread(target=self._keep_stderr, daemon=True)
        self._listener.start()
        self._deadline = float("inf")
        traffic.num_connections += 1

    def limit(self, seconds: float) -> None:
        """Let reads fail from now plus that many seconds on."""
        self._deadline = time.monotonic() + seconds

    def read(self, size: int, /) -> bytes:
        """Wait for some bytes, at most `size`; none at the end of the stream.

        Raises:
            BrokenStreamError: nothing came within the time limit.
        """
        if not self._wait(self._out, select.POLLIN, self._deadline - time.monotonic()):
            raise BrokenStreamError("no answer came in time")
        data = os.read(self._out, min(size, _READ_BYTES))
        self._traffic.num_bytes_received += len(data)
        return data

    def write(self, data: bytes | memoryview, /) -> None:
        """Send all bytes.

        Raises:
            BrokenStreamError: ssh has ended, or takes nothing any more.
        """
        rest = memoryview(data)
        while len(rest):
            try:
                count = os.write(self._in, rest)
            except BlockingIOError:
                if not self._wait(self._in, select.POLLOUT, _STALL_SECONDS):
                    raise BrokenStreamError("nothing was taken any more") from None
                continue
            except OSError as problem:
                raise BrokenStreamError(f"ssh has ended: {problem}") from problem
            rest = rest[count:]
            self._traffic.num_bytes_sent += count

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""

    def close(self, seconds: float) -> int | None:
        """Give ssh that long to end by itself, then kill it; for the thread that reads and writes.

        Returns:
            Its exit code, negative where a signal ended it; None where it had to be killed.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._in = self._out = -1
        code = self._wait_for_end(seconds)
        self.kill()
        self._listener.join(_END_SECONDS)
        return code

    def kill(self) -> None:
        """Kill ssh and what it started, from any thread; whoever reads gets the end of the stream."""
        with self._lock:
            # Once it was waited for, its number may be someone else's.
            if self._process.returncode is None:
                try:
                    os.killpg(self._process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    self._process.kill()
                self._process.wait()

    @property
    def stderr(self) -> tuple[str, ...]:
        """The last lines of standard error so far."""
        return tuple(self._stderr)

    def _wait_for_end(self, seconds: float) -> int | None:
        deadline = time.monotonic() + seconds
        while True:
            with self._lock:
                code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                return code
            time.sleep(0.01)

    def _wait(self, descriptor: int, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(descriptor, event)
        # Over ten years is no time limit to poll().
        return bool(poll.poll(None if seconds > 1e8 else max(0.0, seconds) * 1000))

    def _keep_stderr(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            rest = b""
            while block := stream.read(4096):
                *lines, rest = (rest + block).split(b"\n")
                rest = rest[-_LINE_CHARACTERS:]
                for line in lines:
                    self._keep(line)
            self._keep(rest)

    def _keep(self, line: bytes) -> None:
        text = line.decode(errors="replace").strip()[:_LINE_CHARACTERS]
        if text:
            self._stderr.append("".join(c for c in text if c.isprintable()))


def _enlarge(descriptor: int) -> None:
    """Give a pipe a large buffer, where the system can and this user still may."""
    command = getattr(fcntl, "F_SETPIPE_SZ", None)
    if command is not None:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, command, _PIPE_BYTES)
