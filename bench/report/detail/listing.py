"""A case's detail as small tables and lists, for forms without charts, which escape and lay them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.report.detail.model import Accuracy, CaseDetail, Change, Stack, Strip
from bench.report.detail.words import advice_words
from bench.report.table import Cell, Column, Row, Table
from bench.report.units import milliseconds

# Rounds that do not count are told one by one up to so many; the conditions below count them by cause.
MOST_TOLD = 10


@dataclass(frozen=True)
class Listing:
    """A titled list of sentences; without a title they speak for themselves."""

    title: str
    items: tuple[str, ...]


def list_case(detail: CaseDetail) -> Iterator[Table | Listing]:
    """Return what the page says of a case, in the page's order; charts become their figures."""
    if detail.advice:
        yield Listing("What to look at", tuple(advice_words(one) for one in detail.advice))
    if detail.stages:
        yield _stack(detail.stages)
    if detail.strip:
        yield _processes(detail.strip)
    if detail.memory:
        yield _stack(detail.memory)
    if detail.accuracy:
        yield _accuracy(detail.accuracy)
    if detail.absent:
        yield Listing("", detail.absent)
    for title, facts in detail.facts:
        yield Listing(title, tuple(f"{name}: {_said(value)}" for name, value in facts))


def _said(value: str | Cell) -> str:
    return f"{value.text} {value.detail}".rstrip() if isinstance(value, Cell) else value


def _stack(stack: Stack) -> Table:
    """Turn bars of parts into a row for each part, and one for what stands below them."""
    name, totals = stack.totals
    rows = [
        Row((Cell(part), *(bar.cells[index] for bar in stack.bars))) for index, part in enumerate(stack.parts)
    ]
    rows += [Row((Cell(name), *totals))] if totals else []
    columns = (Column("Part", "", False), Column("Here"), *(Column(bar.label) for bar in stack.bars[1:]))
    return Table(f"{stack.title}, {stack.unit}", stack.caption, columns, tuple(rows))


def _processes(strip: Strip) -> Listing:
    """Tell the ends of all processes that count, and of each other one why it does not."""
    medians = strip.medians_ns
    others = [mark.tip for mark in strip.marks if not mark.is_valid]
    items = [f"Processes: {len(medians)} that count, {len(others)} that do not"]
    if strip.middle.value is not None:
        items.append(f"Latency of the case: {strip.middle.text} ms {strip.middle.detail}".rstrip())
    if medians:
        items += [
            f"Fastest process: {milliseconds(min(medians))} ms",
            f"Slowest process: {milliseconds(max(medians))} ms",
        ]
    items += others[:MOST_TOLD]
    if len(others) > MOST_TOLD:
        items.append(f"{len(others) - MOST_TOLD} further processes that do not count are not listed here.")
    return Listing(strip.title, tuple(items))


def _accuracy(accuracy: Accuracy) -> Table:
    columns = [Column("Objects", "", False), Column("Here")]
    columns += [Column("Change")] if accuracy.has_base else []
    return Table(
        "Accuracy against fp32, points" if accuracy.has_base else "Accuracy, points",
        accuracy.caption,
        tuple(columns),
        tuple(_change(change, accuracy.has_base) for change in accuracy.changes),
    )


def _change(change: Change, has_base: bool) -> Row:
    return Row((Cell(change.name), change.cell, *([change.difference] if has_base else [])))
