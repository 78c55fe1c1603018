"""The frequency governor that a user asked for, set while measuring and given back afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from bench.agent.governing import restore_governor, restore_if_unused, set_governor
from bench.agent.ops import OpError
from bench.errors import HostError
from bench.hosts.base import Host


@runtime_checkable
class HasGovernor(Protocol):
    """A host that sets its governor itself, and gives it back also when its connection is lost."""

    def set_governor(self, name: str) -> None:
        """Set it."""

    def restore_governor(self) -> None:
        """Give it back."""


class Governor:
    """The governor of one board; without a name it is left alone."""

    def __init__(self, host: Host, name: str) -> None:
        self._host, self._name = host, name
        self._is_set = False

    def set(self) -> None:
        """Set it, if one was asked for; it may be set again, as a lost connection gives it back.

        Raises:
            HostError: there is no such governor there, or no right to set it.
        """
        if not isinstance(self._host, HasGovernor) and not self._is_set:
            # What a run that was killed has left.
            restore_if_unused(Path(self._host.root), is_keeper_running=False)
        if not self._name:
            return
        self._is_set = True
        if isinstance(self._host, HasGovernor):
            self._host.set_governor(self._name)
            return
        try:
            set_governor(Path(self._host.root), self._name)
        except OpError as problem:
            raise HostError(f"{self._host.name}: {problem}") from problem

    def restore(self) -> None:
        """Give back the one that was there.

        Raises:
            HostError: it cannot be done.
        """
        if not self._is_set:
            return
        self._is_set = False
        if isinstance(self._host, HasGovernor):
            self._host.restore_governor()
            return
        try:
            restore_governor(Path(self._host.root))
        except OpError as problem:
            raise HostError(f"{self._host.name}: {problem}") from problem
