"""Brings a board from a bare system to one that can run jobs: packages pinned by hash, in a private place.

Nothing needs root there and nothing stays resident. Whether a board is fit to measure on is left to `check`.
"""

from __future__ import annotations

from bench.core.host import HostSettings, WheelSource
from bench.hosts.provision.board import Board, Installed
from bench.hosts.provision.download import OnLine
from bench.hosts.provision.locks import Environment, environment_of
from bench.hosts.provision.setup import INSTALL_SECONDS, Setup

__all__ = ["Board", "Installed", "ensure_ready", "find_installed", "set_up", "wanted_environment"]


def ensure_ready(board: Board, settings: HostSettings, on_line: OnLine = lambda line: None) -> str:
    """Install what jobs need unless it is there; returns the path of the Python for them.

    Take the lease first: installing disturbs a board that measures. Where all is there this is one question.

    Raises:
        HostError: it cannot be installed; says why and what to do.
    """
    return set_up(board, settings.wheels, on_line).python


def set_up(board: Board, source: WheelSource = "auto", on_line: OnLine = lambda line: None) -> Installed:
    """Do the same and return what is there."""
    environment = wanted_environment(board)
    found = find_installed(board, environment)
    return found or Setup(board, environment, on_line).run(source)


def wanted_environment(board: Board) -> Environment:
    """Return what is to be installed on a board.

    Raises:
        HostError: there are no wheels for its Python or machine.
    """
    return environment_of(board.hello["python"], board.hello["machine"])


def find_installed(board: Board, environment: Environment, test: bool = False) -> Installed | None:
    """Return the environment if a board has it; with `test`, after importing each package again."""
    answer, _ = board.call("runtimes", timeout_seconds=INSTALL_SECONDS, key=environment.key, test=test)
    found = answer["environment"]
    return None if found is None else Installed(found["python"], found["packages"], is_new=False)
