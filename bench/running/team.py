"""Team: the boards of one host, which share its accuracy work and what they found broken."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from bench.errors import BenchError


class StoppedError(BenchError):
    """The run was asked to stop; what was finished is kept."""


class Team:
    """Members that work in threads of their own and meet between two pieces of work.

    Attributes:
        broken: case ids that failed on one of the members.
        facts: member -> what its board is.
    """

    def __init__(self, members: Iterable[str] = ("",)) -> None:
        self.broken: set[str] = set()
        self.facts: dict[str, dict[str, Any]] = {}
        self._present = list(dict.fromkeys(members))
        self._waiting: set[str] = set()
        self._roster = tuple(self._present)
        self._num_meetings = 0
        self._is_over = False
        self._change = threading.Condition()

    def meet(self, member: str) -> tuple[int, int]:
        """Wait until all who are left have come.

        Returns:
            The member's place among them, from 0, and how many they are.

        Raises:
            StoppedError: the team was ended meanwhile.
        """
        with self._change:
            meeting = self._num_meetings
            self._waiting.add(member)
            self._begin_if_all_came()
            self._change.wait_for(lambda: self._num_meetings != meeting or self._is_over)
            if self._is_over:
                raise StoppedError("the run was asked to stop")
            return self._roster.index(member), len(self._roster)

    def leave(self, member: str) -> None:
        """Go for good; nobody waits for this member any more."""
        with self._change:
            if member in self._present:
                self._present.remove(member)
            self._waiting.discard(member)
            self._begin_if_all_came()

    def end(self) -> None:
        """Let everybody stop who waits or comes to wait."""
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def _begin_if_all_came(self) -> None:
        if self._present and self._waiting.issuperset(self._present):
            # Nobody reads this before the next meeting, which needs everybody who still reads it.
            self._roster = tuple(self._present)
            self._waiting.clear()
            self._num_meetings += 1
            self._change.notify_all()
