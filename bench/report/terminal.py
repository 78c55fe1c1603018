"""A compact table and the answer for the end of a run: lines up in any terminal, plain where it has to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench.analysis.findings import Panel, analyse
from bench.core.record import Record
from bench.report.across import across_lines
from bench.report.answers import make_answer
from bench.report.cells import difference_cell, metric_cell, ratio_cell
from bench.report.failures import make_failures
from bench.report.labels import case_labels, in_reading_order
from bench.report.machines import validity_label
from bench.report.model import Answer, Failure
from bench.report.published import has_published, published_cell, short_lines
from bench.report.screen import DOT, PLAIN, Screen, cut, pad, text_width, wrap
from bench.report.table import Cell, Tone
from bench.report.tables import nms_words
from bench.report.texts import printable
from bench.report.units import kibibytes, mebibytes, milliseconds, points

# Names longer than this are cut, so that the figures stay in sight.
LONGEST_NAME = 44
LONGEST_REASON = 100

# Between two columns.
GAP = 2


@dataclass(frozen=True)
class Figure:
    """A column of figures.

    Attributes:
        rank: a narrow screen leaves out columns from the highest rank on; 0 stays.
    """

    title: str
    make: Callable[[Record], Cell]
    rank: int = 0


@dataclass(frozen=True)
class _Column:
    """A figure's title and cells, and the columns of the screen that the widest takes."""

    rank: int
    cells: tuple[Cell, ...]
    width: int


def terminal_table(records: Sequence[Record], screen: Screen = PLAIN) -> str:
    """Render the main figures of each section, its answer, and the cases without figures."""
    panels = analyse(records)
    blocks = [_panel(panel, screen) for panel in panels]
    if across := across_lines(panels):
        lines = [line for text in across for line in wrap(printable(text), screen, "  ")]
        blocks.append("\n".join([screen.paint("Hosts beside each other", "chosen"), *lines]))
    if any(not record.decision_grade for record in records):
        mark = "NOT FOR DECISIONS: this run was cut short on the command line."
        blocks.append(screen.paint(mark, "bad"))
    return "\n\n".join(blocks)


def _panel(panel: Panel, screen: Screen) -> str:
    labels = case_labels(panel.records)
    ordered = in_reading_order(panel.records)
    measured = [record for record in ordered if record.status == "ok"]
    clock = f" ({nms_words(measured)}; p50)" if measured else ""
    title = screen.paint(f"{printable(panel.group)} on {printable(panel.host)}", "chosen")
    lines = [title + clock]
    lines += [f"  {printable(line)}" for line in (validity_label(panel.records),) if line]
    if measured:
        lines += _table(panel, measured, labels, screen)
        lines += [f"  {printable(line)}" for line in short_lines(panel.published, labels)]
    lines += [screen.paint(_problem(failure), "bad") for failure in make_failures(ordered)]
    # Of a choice the ties, which come first; without one what kept each case out.
    shown = len(panel.recommendation.ties[:1]) if panel.recommendation.case else None
    return "\n".join([*lines, *_answer(make_answer(panel, labels), shown, screen)])


def _answer(answer: Answer, num_details: int | None, screen: Screen) -> list[str]:
    headline = f"  -> {printable(answer.headline)}"
    said = [answer.cost, *answer.details[:num_details]]
    lines = [line for text in said for line in wrap(printable(text), screen, "     ")]
    return [screen.paint(headline, "chosen"), *lines]


def _table(panel: Panel, measured: Sequence[Record], labels: dict[str, str], screen: Screen) -> list[str]:
    names = ["case", *(cut(printable(labels[record.case]), LONGEST_NAME) for record in measured)]
    dots = ["", *(screen.dot(record.precision) for record in measured)]
    width = max(map(text_width, names)) + GAP + (text_width(DOT) + 1 if screen.is_colored else 0)
    columns = [_column(figure, measured) for figure in _figures(panel, has_published(measured))]
    shown = _fitting(columns, width, screen)
    tones: list[Tone] = ["muted", *(_row_tone(record, panel) for record in measured)]
    lines = []
    for place, (name, dot, tone) in enumerate(zip(names, dots, tones, strict=True)):
        head = "  " + dot + screen.paint(pad(name, width - GAP - (2 if dot else 0)), tone)
        cells = [column.cells[place] for column in shown]
        figures = [
            screen.paint(pad(_text(cell), column.width, to_right=True), cell.tone or tone)
            for cell, column in zip(cells, shown, strict=True)
        ]
        lines.append((" " * GAP).join([head, *figures]).rstrip())
    left_out = [column.cells[0].text for column in columns if column not in shown]
    note = f"  not shown, the terminal is too narrow: {', '.join(left_out)}"
    return [*lines, *wrap(note, screen, "  ")] if left_out else lines


def _figures(panel: Panel, is_published: bool) -> list[Figure]:
    compared = panel.comparisons
    figures = [
        Figure("mAP", lambda r: _short(metric_cell(r, "map_50_95", points))),
        Figure("difference", lambda r: difference_cell(compared.get(r.case)), 2),
        Figure("inference ms", lambda r: _short(metric_cell(r, "latency_p50_ns", milliseconds))),
        Figure("ratio", lambda r: _short(ratio_cell(compared.get(r.case))), 1),
        Figure("end to end", lambda r: _short(metric_cell(r, "end_to_end_p50_ns", milliseconds)), 5),
        Figure("peak MiB", lambda r: _short(metric_cell(r, "peak_rss_bytes", mebibytes)), 4),
        Figure("KiB", lambda r: _short(metric_cell(r, "size_bytes", kibibytes)), 3),
    ]
    return [*figures[:1], *([Figure("published", published_cell, 6)] if is_published else []), *figures[1:]]


def _column(figure: Figure, measured: Sequence[Record]) -> _Column:
    cells = (Cell(figure.title), *map(figure.make, measured))
    return _Column(figure.rank, cells, max(text_width(_text(cell)) for cell in cells))


def _fitting(columns: Sequence[_Column], width: int, screen: Screen) -> list[_Column]:
    """Leave out columns until the table fits beside the names."""
    shown = list(columns)
    while screen.columns and width + sum(column.width + GAP for column in shown) > screen.columns:
        last = max(shown, key=lambda column: column.rank)
        if not last.rank:
            break
        shown.remove(last)
    return shown


def _row_tone(record: Record, panel: Panel) -> Tone:
    return "chosen" if record.case == panel.recommendation.case else ""


def _short(cell: Cell) -> Cell:
    """Leave out the interval: the page has it."""
    return replace(cell, detail="")


def _text(cell: Cell) -> str:
    return printable(f"{cell.text} {cell.detail}")


def _problem(failure: Failure) -> str:
    name = cut(printable(failure.case), LONGEST_NAME)
    return f"  {name}: {failure.status}, {cut(printable(failure.reason), LONGEST_REASON)}"
