"""Finding: one thing that was looked at on a board; Observed: everything that was seen of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.core.host import HostSettings
from bench.hosts.provision.locks import Environment

Status = Literal["ok", "advice", "problem"]
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        status: `problem` prevents measuring; `advice` makes figures worse or less telling.
        cure: what to do, or what it means; empty where there is nothing to do.
    """

    name: str
    value: str
    status: Status = "ok"
    cure: str = ""


@dataclass(frozen=True)
class Observed:
    """What was seen of a board.

    Attributes:
        facts: of `bench.agent.ops.survey`.
        environment: what is to be installed; a text where nothing is pinned for it, saying why.
        packages: of the installed environment, by name `version` or `error`; None where there is none.
        round_trip_seconds: of one question.
        skew_seconds: by which its wall clock is ahead of this machine's.
        holder: sentence about who measures there now; empty for nobody.
    """

    facts: Facts
    environment: Environment | str
    packages: Mapping[str, Mapping[str, str]] | None = None
    round_trip_seconds: float = 0.0
    skew_seconds: float = 0.0
    holder: str = ""
    settings: HostSettings = field(default_factory=lambda: HostSettings("board"))
