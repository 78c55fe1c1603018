"""HostSettings: what the hosts file says of one place that suites can measure on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

# Where the packages of a device come from: its own pip, the controller, or the first of these that works.
WheelSource = Literal["auto", "device", "controller"]


@dataclass(frozen=True)
class HostSettings:
    """One host as it is declared.

    Attributes:
        name: as suites and `--host` call it.
        boards: SSH destinations (aliases of the user's own configuration, or `user@name`), one a board.
            Several are identical boards that share the accuracy work and repeat the latency rounds.
        tags: words by which several hosts are chosen at once (`--host tag:arm`).
        threads: of the cases of this host where the suite names none; empty for the suite's default.
        target_temperature_c: a board is let cool to it before an invalid round is repeated.
        cooling_seconds: no longer than this is waited for that.
        budget_seconds: of all timed rounds on this host, where the suite names none; 0 for no budget.
        environment: variables of the job processes there.
        wheels: where its packages come from.
        root: folder on the host; empty for `detector-bench` in the cache folder of its user.
    """

    name: str
    boards: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    threads: tuple[int, ...] = ()
    target_temperature_c: float = 60.0
    cooling_seconds: float = 600.0
    budget_seconds: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)
    wheels: WheelSource = "auto"
    root: str = ""


LOCAL = HostSettings("local")
