"""Tables of the report's model as HTML: sorted by the script on true values, filtered by their rows' keys."""

from __future__ import annotations

from bench.report.html.elements import (
    attributes,
    bullets,
    folded,
    heading,
    keyed,
    paragraph,
    swatch,
    text,
    traced,
)
from bench.report.table import Cell, Column, Row, Table

# A longer text gets a column wide enough to be read.
LONG_TEXT = 40

# A table of so many rows scrolls by itself, below a head that stays.
TALL = 25


def open_table(table: Table) -> str:
    """Return a table below its heading."""
    return heading(3, table.title) + table_body(table)


def folded_table(table: Table) -> str:
    """Return a table that the reader opens."""
    return folded(table.title, table_body(table))


def table_body(table: Table) -> str:
    """Return caption, table and notes."""
    head = "".join(map(_head, table.columns))
    rows = "".join(_row(row, table.columns) for row in table.rows)
    tall = " tall" if len(table.rows) >= TALL else ""
    label = attributes({"aria-label": table.title})
    return (
        f'{paragraph(table.caption, "note")}<div class="scroll{tall}" role="group" tabindex="0"{label}>'
        f'<table class="sortable">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n'
        f"</table></div>\n{bullets(table.notes, 'note')}"
    )


def _head(column: Column) -> str:
    detail = f'<span class="detail">{text(column.detail)}</span>' if column.detail else ""
    kind = attributes({"class": "number" if column.is_number else ""})
    return f'<th scope="col"{kind}{keyed(column.keys)}>{text(column.title)}{detail}</th>'


def _row(row: Row, columns: tuple[Column, ...]) -> str:
    case = row.keys.case if row.keys else ""
    cells = [_cell(cell, column, case) for cell, column in zip(row.cells, columns, strict=True)]
    if row.keys and row.keys.precision and cells:
        place = next((index for index, column in enumerate(columns) if column.title == "Precision"), 0)
        cells[place] = cells[place].replace(">", f">{swatch(row.keys.precision)}", 1)
    if row.mark and cells:
        cells[0] = cells[0].removesuffix("</td>") + f'<span class="mark">{text(row.mark)}</span></td>'
    return f"<tr{attributes({'class': row.tone})}{keyed(row.keys)}>{''.join(cells)}</tr>\n"


def _cell(cell: Cell, column: Column, case: str) -> str:
    detail = f'<span class="detail">{text(cell.detail)}</span>' if cell.detail else ""
    tone = f'<span class="{cell.tone}">{text(cell.text)}</span>' if cell.tone else text(cell.text)
    long = "long" if len(cell.text) > LONG_TEXT else ""
    # A cell with a value is a number by that: the style says so once.
    kind = long if not column.is_number else "" if cell.value is not None else "number"
    about = attributes({"class": kind, "title": cell.note})
    return f"<td{about}{traced(cell, case)}>{tone}{detail}</td>"
