"""Trend: one metric of one case over the runs of a suite, and the steps in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrendPoint:
    """One run.

    Attributes:
        value, low, high: in base units; the ends of its interval where the record has one.
        commit: of the checkout that the suite lay in; empty where it lay in none. `is_dirty`: with changes.
        started: ISO 8601.
    """

    run: str
    value: float
    low: float | None = None
    high: float | None = None
    commit: str = ""
    is_dirty: bool = False
    started: str = ""


@dataclass(frozen=True)
class Step:
    """Where the level changed and stayed.

    Attributes:
        place: position of the first run on the new level.
        earliest, latest: positions between which it began with a confidence of about 95%.
        change, low, high: of the level, new against old; as a share of the old if `is_relative`, else in the
            metric's unit. A 95% interval; no wider than the value where values repeat exactly.
        is_worse: by the metric's own direction.
    """

    place: int
    earliest: int
    latest: int
    change: float
    low: float
    high: float
    is_relative: bool
    is_worse: bool


@dataclass(frozen=True)
class Trend:
    """Runs that can be compared with each other, from old to new.

    Attributes:
        broken_by: what differs from the series before it, and so began this one; empty for the first.
        num_left_out: runs of the case without a figure that may be decided on.
        num_needed: runs from which on a step can be seen; 0 where values repeat exactly and every change is
            one.
    """

    case: str
    metric: str
    points: tuple[TrendPoint, ...]
    steps: tuple[Step, ...]
    broken_by: tuple[str, ...] = ()
    num_left_out: int = 0
    num_needed: int = 0
