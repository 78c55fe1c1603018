"""A line to a device that outlives its connections: what was cut is done again on a new one.

That is sound because every request may be repeated: files go by their offset, jobs by their id.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from bench.errors import HostError
from bench.hosts.ssh.connection import ANSWER_SECONDS, Answer, Connection, ConnectionFailedError, OnProgress
from bench.hosts.ssh.failures import Failure
from bench.wire.frames import BrokenStreamError

T = TypeVar("T")

# A device that starts anew after a power cut is back well within this.
PATIENCE_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 30.0
# A program on the device that ends each time is broken; waiting mends a network, not that.
_MAX_CRASHES = 3


class RefusedError(HostError):
    """The device answered that it will not.

    Attributes:
        kind: one of those in `bench.agent.ops`.
        sentence: what the device said, without the host's name.
    """

    def __init__(self, kind: str, host: str, sentence: str) -> None:
        super().__init__(f"{host}: {sentence}")
        self.kind, self.sentence = kind, sentence


class Line:
    """Keeps one connection open while it is used. One thread at a time; any thread may close it.

    Attributes:
        name: of the host, for messages.
        patience_seconds: how long a lost connection is tried to be made anew.
        on_notice: called with a sentence when the connection is lost and when it is back.
        restore: called with each connection that replaces a lost one, to make what the device undid anew.
    """

    def __init__(self, name: str, connect: Callable[[], Connection], patience_seconds: float) -> None:
        self.name, self._connect, self.patience_seconds = name, connect, patience_seconds
        self._connection: Connection | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self.on_notice: Callable[[str], None] = lambda sentence: None
        self.restore: Callable[[Connection], object] = lambda connection: None
        self._is_replaced = False
        self.hello: dict[str, Any] = {}
        self._lost_at: float | None = None
        self._num_losses = self._num_crashes = 0

    def open(self) -> None:
        """Connect, unless that is done. A first connection that fails is not tried again.

        Raises:
            HostError: why there is none.
        """
        if self._connection is None:
            try:
                self._begin()
            except ConnectionFailedError as problem:
                raise self._give_up(problem.failure) from problem

    def call(
        self,
        op: str,
        body: bytes = b"",
        timeout_seconds: float = ANSWER_SECONDS,
        on_progress: OnProgress | None = None,
        **values: Any,
    ) -> Answer:
        """Ask for one thing, on as many connections as it takes.

        Raises:
            HostError: the device refused, or cannot be reached any more.
        """

        def ask(connection: Connection) -> Answer:
            number = connection.send(op, body, **values)
            return connection.receive(number, timeout_seconds, on_progress)

        return self.require_good(self.hold(ask))

    def hold(self, work: Callable[[Connection], T]) -> T:
        """Do something with the connection; all of it again whenever the connection breaks.

        Raises:
            HostError: the device cannot be reached any more, or the line was closed.
        """
        self.open()
        while True:
            connection = self._connection
            if connection is None or self._closed.is_set():
                raise self._was_closed()
            try:
                if self._is_replaced:
                    self.restore(connection)
                    self._is_replaced = False
                result = work(connection)
            except BrokenStreamError as problem:
                self._reconnect(connection.failed(problem).failure)
            else:
                self.note_progress()
                return result

    def note_progress(self) -> None:
        """Forget earlier losses: the device answered what it was asked for."""
        self._lost_at, self._num_losses, self._num_crashes = None, 0, 0

    def pause(self, seconds: float) -> None:
        """Sleep.

        Raises:
            HostError: the line was closed meanwhile.
        """
        if self._closed.wait(seconds):
            raise self._was_closed()

    def require_good(self, answer: Answer) -> Answer:
        """Pass a good answer on.

        Raises:
            RefusedError: it is a refusal.
        """
        header, _ = answer
        if header.get("ok"):
            return answer
        message = header.get("message") or f"refused without a reason: {header}"
        raise RefusedError(str(header.get("kind", "")), self.name, str(message))

    def close(self) -> None:
        """End the connection, from any thread; whoever waits for an answer gets a HostError at once."""
        with self._lock:
            self._closed.set()
            if self._connection is not None:
                self._connection.kill()

    def _begin(self) -> None:
        if self._closed.is_set():
            raise self._was_closed()
        connection = self._connect()
        with self._lock:
            self._connection = connection
            if self._closed.is_set():
                connection.kill()
        try:
            connection.open()
        except BaseException:
            self._connection = None
            raise
        self.hello = connection.hello

    def _reconnect(self, failure: Failure) -> None:
        """Connect anew, with pauses that double, until it works or patience is at its end."""
        self._lost_at = self._lost_at or time.monotonic()
        self.on_notice(f"{failure.message}; connecting anew")
        self._num_crashes += failure.kind == "crashed"
        while True:
            is_hopeless = failure.is_final or self._num_crashes >= _MAX_CRASHES
            if is_hopeless or time.monotonic() - self._lost_at > self.patience_seconds:
                raise self._give_up(failure)
            pause = min(2.0**self._num_losses, _LONGEST_PAUSE_SECONDS)
            self._num_losses += 1
            self.pause(pause)
            try:
                self._begin()
            except ConnectionFailedError as problem:
                failure = problem.failure
                continue
            self._is_replaced = True
            self.on_notice("the connection is back")
            return

    def _give_up(self, failure: Failure) -> HostError:
        self._connection = None
        if self._lost_at is None:
            return HostError(failure.message)
        return HostError(
            f"{failure.message}. What was queued there goes on without this machine, and --resume fetches it"
        )

    def _was_closed(self) -> HostError:
        return HostError(f"{self.name}: the connection was closed")
