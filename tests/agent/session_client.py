"""A controller for tests: speaks with a session over plain pipes, where ssh would stand in between."""

from __future__ import annotations

import hashlib
import io
import json
import os
import select
import subprocess
import tarfile
from pathlib import Path
from types import TracebackType
from typing import Any

import bench
from bench.wire.frames import read_frame, write_frame
from bench.wire.remote import MARKER, REMOTE_COMMAND, opening
from bench.wire.shipped import shipped_sources

PACKAGE = Path(bench.__file__).parent
STAGE_ZERO = PACKAGE / "agent" / "stage_zero.py"


def pack() -> bytes:
    """Return an archive of the agent."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for source in shipped_sources(PACKAGE):
            archive.add(source, f"bench/{source.relative_to(PACKAGE)}")
    return packed.getvalue()


class RefusedError(Exception):
    """The session answered no."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(f"{answer['kind']}: {answer['message']}")
        self.answer = answer
        self.kind: str = answer["kind"]


class SessionClient:
    """One connection to a device whose root is a folder of the test.

    Attributes:
        hello: what stage zero said.
        ready: what the session said first.
    """

    def __init__(
        self,
        root: Path,
        archive: bytes,
        *,
        environment: dict[str, str] | None = None,
        before: str = "",
        digest: str | None = None,
        controller: str = "",
    ) -> None:
        """Connect.

        Args:
            before: shell commands that run before the constant one, as those of an rc file would.
            digest: of the archive, where another one is to be claimed.
            controller: its id, where a later connection is to succeed this one.
        """
        self.process = subprocess.Popen(
            ["sh", "-c", f"{before} exec {REMOTE_COMMAND}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # Its own board: nothing that measures on this machine is to disturb a test.
            env={**os.environ, "BENCH_LEASE": str(root.parent / "lease"), **(environment or {})},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self._digest = digest or hashlib.sha256(archive).hexdigest()
        self._number = 0
        self.progress: list[dict[str, Any]] = []
        self.stdin.write(opening(STAGE_ZERO.read_bytes()))
        write_frame(self, {"root": str(root), "agent": self._digest, "controller": controller})
        self.noise = self._skip_noise()
        self.hello, _ = read_frame(self.stdout)
        if not self.hello["ok"]:
            raise RefusedError(self.hello)
        write_frame(self, {}, b"" if self.hello["has_agent"] else archive)
        self.ready, _ = read_frame(self.stdout)
        if not self.ready["ok"]:
            raise RefusedError(self.ready)

    def write(self, data: bytes | memoryview) -> None:
        """Send all bytes."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.stdin.write(rest) :]

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def send(self, op: str, body: bytes = b"", **values: Any) -> int:
        """Send a request without waiting for its answer; returns its number."""
        self._number += 1
        write_frame(self, {"op": op, "id": self._number, **values}, body)
        return self._number

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Return the next answer; progress is kept aside."""
        while True:
            answer, body = read_frame(self.stdout)
            if "progress" not in answer:
                return answer, body
            self.progress.append(answer["progress"])

    def has_news(self, seconds: float) -> bool:
        """Whether an answer begins to come within that time."""
        return bool(select.select([self.stdout], [], [], seconds)[0])

    def ask(self, op: str, body: bytes = b"", **values: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        return self.ask_for_bytes(op, body, **values)[0]

    def ask_for_bytes(self, op: str, body: bytes = b"", **values: Any) -> tuple[dict[str, Any], bytes]:
        """Send a request and return its answer and the bytes behind it.

        Raises:
            RefusedError: the answer is no.
        """
        number = self.send(op, body, **values)
        answer, content = self.receive()
        assert answer.pop("id") == number
        if not answer["ok"]:
            raise RefusedError(answer)
        return answer, content

    def put(self, content: bytes, suffix: str = "", **values: Any) -> dict[str, Any]:
        """Send a whole file in one piece."""
        digest = hashlib.sha256(content).hexdigest()
        return self.ask(
            "put", content, **{"sha256": digest, "size": len(content), "suffix": suffix, **values}
        )

    def events(self, job: str, offset: int = 0, timeout: float = 60.0) -> tuple[list[Any], dict[str, Any]]:
        """Return events behind an offset, and the answer itself."""
        answer, body = self.ask_for_bytes("events", job=job, offset=offset, timeout=timeout)
        return [json.loads(line) for line in body.splitlines()], answer

    def follow(self, job: str) -> tuple[list[Any], dict[str, Any]]:
        """Return all events of a job and how it ended."""
        events: list[Any] = []
        offset = 0
        while True:
            news, answer = self.events(job, offset)
            events += news
            offset = answer["offset"]
            if answer["ended"] is not None:
                return events, answer["ended"]

    def close(self) -> None:
        """Hang up and wait until the session is gone."""
        self.stdin.close()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self.process.wait()
            self.stdout.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _skip_noise(self) -> bytes:
        seen = b""
        while not seen.endswith(MARKER):
            byte = self.stdout.read(1)
            assert byte, f"the stream ended before the marker, after {seen!r}"
            seen += byte
        return seen[: -len(MARKER)]
