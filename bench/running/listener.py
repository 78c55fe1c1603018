"""What a run says while it goes on. The command line listens and prints; a program may listen too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

# The stage of a step that ends when a host is given up: nothing more comes from it.
LOST = "lost"


@dataclass(frozen=True)
class Step:
    """One unit of work as a person would name it.

    Attributes:
        stage: `data`, `build`, `ready`, `transfer`, `adopt`, `check`, `accuracy`, `memory`, `latency`,
            `energy`, `sustained`, `score`, `pair`, or `lost`.
        subject: the case id, or what is worked on.
        index, total: of this stage's units, from 1; total 0 where it is not known.
        host: where it is done; empty for this machine's own work.
    """

    stage: str
    subject: str
    index: int = 0
    total: int = 0
    host: str = ""


class Listener(Protocol):
    """Receives the progress of a run, from several threads at once."""

    def plan(self, stage: str, count: int, host: str = "") -> None:
        """A stage will take that many steps on a host."""

    def begin(self, step: Step) -> None:
        """A step starts."""

    def progress(self, step: Step, fraction: float, note: str = "") -> None:
        """A step is that far, 0 to 1; the note says what else there is to say."""

    def end(self, step: Step, seconds: float, problem: str) -> None:
        """A step ended; `problem` is empty if it went well."""


class Silent:
    """Listens to nothing."""

    def plan(self, stage: str, count: int, host: str = "") -> None:
        """Ignore."""

    def begin(self, step: Step) -> None:
        """Ignore."""

    def progress(self, step: Step, fraction: float, note: str = "") -> None:
        """Ignore."""

    def end(self, step: Step, seconds: float, problem: str) -> None:
        """Ignore."""
