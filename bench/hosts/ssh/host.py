"""SshHost: a board behind SSH. Its jobs go on when the connection, or this machine, goes away."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.core.host import HostSettings
from bench.errors import HostError
from bench.hosts.base import BusyError, Ended, HostFile, OnTransfer, Task
from bench.hosts.ssh.archive import agent_archive
from bench.hosts.ssh.command import ssh_command
from bench.hosts.ssh.connection import ANSWER_SECONDS, Answer, Connection, OnProgress
from bench.hosts.ssh.fetching import fetch_file
from bench.hosts.ssh.line import PATIENCE_SECONDS, Line, RefusedError
from bench.hosts.ssh.pipe import Traffic
from bench.hosts.ssh.sending import Sending
from bench.wire.codec import from_json, to_json

# An answer may come that much later than the device was asked to wait for news.
_GRACE_SECONDS = 60.0


class SshHost:
    """One board. It is reached when it is first asked for something, and again whenever the line is cut.

    Attributes:
        python: the Python there that has the runtimes; set it before jobs are started.
        traffic: what went over the connections.
    """

    is_detached = True

    def __init__(
        self, settings: HostSettings, destination: str, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Name a board; nothing is connected yet.

        Args:
            patience_seconds: how long a lost connection is tried to be made anew.

        Raises:
            HostError: the destination can be none.
        """
        ssh_command(destination)
        self.name, self.settings, self.destination = settings.name, settings, destination
        self.board = destination if len(settings.boards) > 1 else ""
        self.python, self.traffic = "", Traffic()
        self._line = Line(self.name, self._connect, patience_seconds)
        # By it the device knows a session that is left over from a connection that was lost.
        self._id = secrets.token_hex(16)
        self._paths: dict[str, str] = {}
        self._ends: dict[str, Ended | None] = {}

    @property
    def hello(self) -> dict[str, Any]:
        """What the device said of itself when it was reached; see `bench.agent.stage_zero`."""
        self._line.open()
        return self._line.hello

    @property
    def root(self) -> str:
        """The absolute folder there below which everything lies."""
        return str(self.hello["root"])

    def notify(self, on_notice: Callable[[str], None]) -> None:
        """Have a sentence told whenever the connection is lost or back."""
        self._line.on_notice = on_notice

    def call(
        self,
        op: str,
        body: bytes = b"",
        timeout_seconds: float = ANSWER_SECONDS,
        on_progress: OnProgress | None = None,
        **values: Any,
    ) -> Answer:
        """Ask the device for one operation, see `bench.agent.ops`; repeated after a lost connection.

        Args:
            timeout_seconds: between two signs of life; a connection that is silent for longer is made anew.

        Raises:
            HostError: the device refused, or cannot be reached any more.
        """
        return self._line.call(op, body, timeout_seconds, on_progress, **values)

    def facts(self) -> dict[str, Any]:
        """Describe the machine and the runtimes installed there."""
        answer, _ = self.call("facts", python=self._python())
        facts: dict[str, Any] = answer["facts"]
        return facts

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        """Send files that the device lacks; returns sha256 -> path below its root."""
        unknown = [file for file in files if file.sha256 not in self._paths]
        if unknown:
            self._paths |= Sending(self._line, unknown, self.traffic, on_transfer).run()
        return {file.sha256: self._paths[file.sha256] for file in files}

    def start(self, tasks: Sequence[Task]) -> None:
        """Queue jobs there, each once: what came in spite of a lost answer is not sent again."""
        self._require_families(tasks)
        settings = {"environment": self.settings.environment, "python": self._python()}
        before = set(self.jobs())

        def queue(connection: Connection) -> None:
            known, _ = self._line.require_good(connection.ask("jobs"))
            came = set(known["jobs"]) - before
            new = [to_json(task) for task in tasks if task.job.id not in came]
            self._line.require_good(connection.ask("start", tasks=new, **settings))

        with _telling_busy():
            self._line.hold(queue)

    def jobs(self) -> tuple[str, ...]:
        """Return the ids of the jobs that the device knows, in their order."""
        answer, _ = self.call("jobs")
        return tuple(answer["jobs"])

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        """Wait for news of a job; the device sleeps, too."""
        patience = timeout_seconds + _GRACE_SECONDS
        answer, body = self.call("events", b"", patience, job=job_id, offset=offset, timeout=timeout_seconds)
        self._ends[job_id] = _read_end(answer.get("ended"))
        whole = body[: body.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines() if line.strip()], offset + len(whole)

    def ended(self, job_id: str) -> Ended | None:
        """Return how a job's process ended; None while it waits or runs.

        News of a job tell that, too: asked for right behind them, it costs no request.
        """
        # That it still ran may be believed once; that it ended stays so.
        ended = self._ends[job_id] if job_id in self._ends else self._ask_end(job_id)
        if ended is None:
            self._ends.pop(job_id, None)
        return ended

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        """Copy a file of a job's folder here; the destination is whole or untouched."""
        fetch_file(self._line, job_id, name, destination)

    def forget(self, job_id: str) -> None:
        """Remove what an ended job left there."""
        self._ends.pop(job_id, None)
        self.call("forget", job=job_id)

    def stop(self, job_id: str) -> None:
        """Kill a job there, or take it out of the queue."""
        self._ends.pop(job_id, None)
        self.call("stop", job=job_id)

    def lease(self, action: str, owner: str = "", run: str = "") -> dict[str, Any]:
        """Take, renew, release or show the right to measure on this board.

        Raises:
            BusyError: someone else has it.
        """
        with _telling_busy():
            answer, _ = self.call("lease", action=action, owner=owner, run=run)
        return answer

    def set_governor(self, name: str) -> None:
        """Set the processor's governor until `restore_governor`; a lost connection restores it, too."""
        self.call("governor", action="set", set=name)
        self._line.restore = lambda connection: connection.ask("governor", action="set", set=name)

    def restore_governor(self) -> None:
        """Give the processor the governor back that it had."""
        self._line.restore = lambda connection: None
        self.call("governor", action="restore")

    def close(self) -> None:
        """Let go of the board, from any thread: whoever waits for it gets a HostError. Its jobs go on."""
        self._line.close()

    def _ask_end(self, job_id: str) -> Ended | None:
        answer, _ = self.call("ended", job=job_id)
        ended = self._ends[job_id] = _read_end(answer["ended"])
        return ended

    def _connect(self) -> Connection:
        settings = {"root": self.settings.root, "controller": self._id}
        return Connection(self.destination, settings, agent_archive(), self.traffic)

    def _python(self) -> str:
        if not self.python:
            raise HostError(f"{self.name}: no Python with runtimes is known there; set the host up first")
        return self.python

    def _require_families(self, tasks: Sequence[Task]) -> None:
        left_out = agent_archive().left_out
        for task in tasks:
            family = task.job.description.decode.family
            if family in left_out:
                raise HostError(f"{self.name}: {left_out[family]}")


@contextlib.contextmanager
def _telling_busy() -> Iterator[None]:
    """Raise the refusal of a board on which someone else measures as what it is."""
    try:
        yield
    except RefusedError as refusal:
        if refusal.kind == "busy":
            raise BusyError(str(refusal), refusal.sentence) from refusal
        raise


def _read_end(value: dict[str, Any] | None) -> Ended | None:
    return None if value is None else from_json(Ended, value)
