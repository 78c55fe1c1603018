"""One connection to a device: brings its program there, then carries requests and their answers.

Whether a lost one is made anew is left to `line`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bench
from bench.errors import HostError
from bench.hosts.ssh.archive import Archive
from bench.hosts.ssh.command import ssh_command
from bench.hosts.ssh.failures import Failure, name_failure, no_ssh_here
from bench.hosts.ssh.greeting import check_hello, read_until_marker
from bench.hosts.ssh.pipe import Pipe, Traffic
from bench.wire.frames import BrokenStreamError, read_frame, write_frame
from bench.wire.remote import opening

Answer = tuple[dict[str, Any], bytes]
OnProgress = Callable[[dict[str, Any]], None]

# The first sign of life: connecting, logging in and starting Python, on a slow device that is busy.
_HELLO_SECONDS = 120.0
ANSWER_SECONDS = 120.0
_START_SECONDS = 120.0
_END_SECONDS = 5.0
_STAGE_ZERO = Path(bench.__file__).parent / "agent" / "stage_zero.py"


class ConnectionFailedError(Exception):
    """There is no connection, or there is none any more; says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Connection:
    """A session on the device. Used by one thread; any thread may kill it.

    Attributes:
        hello: what the device said of itself, see `bench.agent.stage_zero`.
    """

    def __init__(
        self, destination: str, settings: Mapping[str, Any], archive: Archive, traffic: Traffic
    ) -> None:
        """Start ssh; `open` does the rest.

        Args:
            settings: what stage zero is told besides the agent's hash.

        Raises:
            HostError: the destination cannot be one.
            ConnectionFailedError: this machine has no ssh.
        """
        self._destination, self._settings, self._archive = destination, settings, archive
        self._num_requests = 0
        self.hello: dict[str, Any] = {}
        try:
            self._pipe = Pipe(ssh_command(destination), traffic)
        except OSError as problem:
            raise ConnectionFailedError(no_ssh_here(destination, problem)) from problem

    def open(self) -> None:
        """Log in, bring the agent where the device does not have it, and start its session.

        Raises:
            ConnectionFailedError: a step failed; the connection is closed.
            HostError: the device refuses or is none that can be used.
        """
        try:
            self._greet()
        except BrokenStreamError as problem:
            raise self.failed(problem) from problem
        except BaseException:
            self.kill()
            raise

    def send(self, op: str, body: bytes | memoryview = b"", **values: Any) -> int:
        """Send a request without waiting; returns its number.

        Raises:
            BrokenStreamError: the connection is lost.
        """
        self._num_requests += 1
        write_frame(self._pipe, {"op": op, "id": self._num_requests, **values}, body)
        return self._num_requests

    def receive(self, number: int, timeout_seconds: float, on_progress: OnProgress | None = None) -> Answer:
        """Wait for the answer of a request; answers of earlier ones that nobody waited for are dropped.

        Args:
            timeout_seconds: between two signs of life.

        Raises:
            BrokenStreamError: the connection is lost, or nothing came in time.
        """
        while True:
            self._pipe.limit(timeout_seconds)
            answer, body = read_frame(self._pipe)
            if answer.get("id") != number:
                continue
            if "progress" not in answer:
                return answer, body
            if on_progress is not None:
                on_progress(answer["progress"])

    def ask(self, op: str, **values: Any) -> Answer:
        """Send a short request and wait for its answer.

        Raises:
            BrokenStreamError: the connection is lost.
        """
        return self.receive(self.send(op, **values), ANSWER_SECONDS)

    def failed(self, problem: BrokenStreamError) -> ConnectionFailedError:
        """Close a connection that broke, and say why it did."""
        code = self._pipe.close(_END_SECONDS)
        failure = name_failure(self._destination, code, self._pipe.stderr)
        if failure.kind == "lost" and not self._pipe.stderr:
            failure = Failure("lost", f"{self._destination}: the connection was lost ({problem})")
        return ConnectionFailedError(failure)

    def kill(self) -> None:
        """End ssh at once, from any thread; the session there ends when its input does."""
        self._pipe.kill()

    def _greet(self) -> None:
        self._pipe.limit(_HELLO_SECONDS)
        self._pipe.write(opening(_STAGE_ZERO.read_bytes()))
        write_frame(self._pipe, {**self._settings, "agent": self._archive.sha256})
        read_until_marker(self._pipe, self._destination)
        self.hello, _ = read_frame(self._pipe)
        check_hello(self._destination, self.hello)
        body = b"" if self.hello["has_agent"] else self._archive.data
        write_frame(self._pipe, {"agent": self._archive.sha256}, body)
        self._pipe.limit(_START_SECONDS)
        ready, _ = read_frame(self._pipe)
        if not ready.get("ok"):
            raise HostError(f"{self._destination}: {ready.get('message', ready)}")
