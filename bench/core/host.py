"""HostSettings: what the hosts file says of one place that suites can measure on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from bench.core.measure import MeasureOptions

# What may be told to ssh as a destination: `host`, `user@host` or `ssh://user@host:port`. No part begins with
# a dash, which ssh would take for an option; nothing that a shell, in a ProxyCommand say, would act on.
_USER = r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*@)?"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ADDRESS = r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?"
DESTINATION_PATTERN = (
    rf"^(?=.{{1,255}}$)(?:{_USER}(?:{_NAME}|{_ADDRESS})"
    rf"|ssh://{_USER}(?:{_NAME}|\[{_ADDRESS}\])(?::[0-9]{{1,5}})?/?)$"
)
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


def is_destination(text: str) -> bool:
    """Whether ssh may be told a text as its destination."""
    return re.fullmatch(DESTINATION_PATTERN, text) is not None


def budget_seconds(measure: MeasureOptions, settings: HostSettings) -> float:
    """Return the time for all timed rounds on a host: the suite's where it names one, else the host's own."""
    return measure.budget_seconds or settings.budget_seconds
