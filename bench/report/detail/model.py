"""CaseDetail: all that a report says of one case alone, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.core.record import Advice
from bench.report.table import Cell, Keys

# A line of a case's journal, see `bench.store.folder`.
Line = Mapping[str, Any]


@dataclass(frozen=True)
class Journal:
    """A case's journal; `trouble` says why there is none."""

    lines: Sequence[Line] = ()
    trouble: str = ""

    @property
    def latest(self) -> list[Line]:
        """Lines of the setup that the record is of: a changed file or option starts a case anew."""
        setups = [line["setup"] for line in self.lines if line.get("setup") and line.get("status") == "ok"]
        return [line for line in self.lines if not setups or line.get("setup") == setups[-1]]


@dataclass(frozen=True)
class Bar:
    """One bar of parts that add up, in base units; a part that is not known has no value."""

    label: str
    precision: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Stack:
    """The case's bar and its fp32 sibling's, on one scale.

    Attributes:
        parts: names of the parts, in their order.
        totals: a further row below the parts: its name, and a cell for each bar; not the sum of the parts.
    """

    title: str
    caption: str
    unit: str
    parts: tuple[str, ...]
    bars: tuple[Bar, ...]
    totals: tuple[str, tuple[Cell, ...]] = ("", ())


@dataclass(frozen=True)
class Mark:
    """One timed round: the median of its calls and their quartiles, in ns."""

    median_ns: float
    quartiles_ns: tuple[float, float]
    num_calls: int
    is_valid: bool
    tip: str


@dataclass(frozen=True)
class Strip:
    """All timed rounds of a case in the order of their start.

    Attributes:
        middle: the case's latency, with its interval over processes.
        medians_ns: of all processes that count, in the order of their start, whether drawn or not.
    """

    title: str
    caption: str
    precision: str
    marks: tuple[Mark, ...]
    middle: Cell
    medians_ns: tuple[float, ...] = ()


@dataclass(frozen=True)
class Change:
    """One accuracy of the case, and what changed against its fp32 sibling; `NO_CELL` if unknown."""

    name: str
    cell: Cell
    difference: Cell


@dataclass(frozen=True)
class Accuracy:
    """Accuracy over all, by size and by class; `has_base` without a sibling there is nothing beside it."""

    caption: str
    has_base: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class CaseDetail:
    """One case alone.

    Attributes:
        group: model group, which is measured on `keys.host`.
        facts: titled lists of names and values: what ran, how it was made, under which conditions.
        absent: what is left out, and why, a sentence each.
    """

    keys: Keys
    group: str
    title: str
    stages: Stack | None
    memory: Stack | None
    strip: Strip | None
    accuracy: Accuracy | None
    facts: tuple[tuple[str, tuple[tuple[str, str | Cell], ...]], ...]
    advice: tuple[Advice, ...] = ()
    absent: tuple[str, ...] = ()
