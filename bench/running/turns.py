"""Turns: hosts of one run that are the same machine measure one after the other."""

from __future__ import annotations

import threading

from bench.running.team import StoppedError


class Turns:
    """Members in the order in which they take turns; those on different machines never wait.

    The order is the same for all machines, so that nobody waits for one who waits for them.
    """

    def __init__(self) -> None:
        self._machines: dict[str, str] = {}
        self._is_over = False
        self._change = threading.Condition()

    def join(self, member: str) -> None:
        """Come behind those who joined before; on which machine is said later."""
        self._machines[member] = ""

    def name_machine(self, member: str, machine: str) -> None:
        """Say on which machine a member measures; empty for one of its own."""
        with self._change:
            self._machines[member] = machine

    def is_first(self, member: str) -> bool:
        """Tell whether nobody who is still there comes earlier on the same machine."""
        with self._change:
            return self._is_first(member)

    def wait(self, member: str) -> None:
        """Wait until the member is the first on its machine.

        Raises:
            StoppedError: the run was asked to stop meanwhile.
        """
        with self._change:
            self._change.wait_for(lambda: self._is_first(member) or self._is_over)
            if self._is_over:
                raise StoppedError("the run was asked to stop")

    def leave(self, member: str) -> None:
        """Let the next one measure."""
        with self._change:
            self._machines.pop(member, None)
            self._change.notify_all()

    def end(self) -> None:
        """Let everybody stop who waits or comes to wait."""
        with self._change:
            self._is_over = True
            self._change.notify_all()

    def _is_first(self, member: str) -> bool:
        machine = self._machines[member]
        alike = [name for name, other in self._machines.items() if other == machine]
        return not machine or alike[0] == member
