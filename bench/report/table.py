"""Table: figures in rows and columns as plain data, each with the record that it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a cell or row means beyond its text; a renderer may show it as colour, never as colour alone.
Tone = Literal["", "good", "bad", "tie", "muted", "base", "chosen"]


@dataclass(frozen=True)
class Keys:
    """Whom a row, a point or a part of the page is about, so that a reader can filter by it.

    What belongs to several cases leaves the other fields empty: an empty field fits every filter.
    """

    case: str = ""
    host: str = ""
    runtime: str = ""
    precision: str = ""
    threads: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell: the figure, its interval in `detail`, and in `note` why there is no figure.

    Attributes:
        value: the figure as the record has it, in base units; rows are sorted by it. None for texts.
        record: where it stands, `<case>#<metric>`; what is made from a metric names how:
            `<case>#<metric>:ratio` (to the sibling's), `<case>#<metric>:count`, or a field of the record
            (`<case>#rounds_valid`, `<case>#per_class:<name>`).
        ends: of its interval, in the same units.
    """

    text: str
    detail: str = ""
    tone: Tone = ""
    note: str = ""
    value: float | None = None
    record: str = ""
    ends: tuple[float, float] | None = None


@dataclass(frozen=True)
class Column:
    """A column's title; `detail` names unit, clock and what is inside it; `keys` whom its cells are of."""

    title: str
    detail: str = ""
    is_number: bool = True
    keys: Keys | None = None


@dataclass(frozen=True)
class Row:
    """Cells in the order of the columns; `mark` says below the first what the row is among the others."""

    cells: tuple[Cell, ...]
    tone: Tone = ""
    keys: Keys | None = None
    mark: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `notes` stand below it, `is_main` is shown open, others folded."""

    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    is_main: bool = False
