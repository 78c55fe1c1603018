"""What is asked and said after Ctrl-C, while devices may go on measuring."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def ask_to_stop(hosts: Sequence[str]) -> bool:
    """Ask on a terminal whether devices shall stop, too; without one they go on."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    names = ", ".join(hosts)
    print(f"\n{names} would go on measuring what is queued. Stop there, too? [y/N] ", end="", file=sys.stderr)
    sys.stderr.flush()
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False


def say_interrupted(going_on: Sequence[str]) -> None:
    """Say how to go on, and how to stop the devices that do."""
    print(
        "\ninterrupted: finished rounds are kept; go on with the same command and --resume", file=sys.stderr
    )
    for host in going_on:
        print(
            f"{host} goes on measuring; --resume fetches what it has done, `bench host stop {host}` stops it",
            file=sys.stderr,
        )
