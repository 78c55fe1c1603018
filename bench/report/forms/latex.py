"""Tables for papers in LaTeX, with the rules of the booktabs package and nothing else beyond the kernel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bench.core.record import Record
from bench.report.forms.paper_table import NOTHING, make_paper_tables
from bench.report.table import Cell, Column, Row, Table
from bench.report.texts import printable

# Everything that LaTeX reads as more than a letter, and signs of ours that fonts of 8 bits lack.
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "−": "$-$",
    "×": r"$\times$",
    "–": "--",
    "²": "$^2$",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
}
_ANY_SPECIAL = re.compile("|".join(map(re.escape, SPECIAL)))

# A float cannot be broken over pages, and holds so many rows of this size.
MOST_ROWS = 40

HEAD = (
    "% \\usepackage{booktabs}; names outside of Latin letters need LuaLaTeX or XeLaTeX with a font for them."
)


def render_latex(records: Sequence[Record]) -> str:
    """Render a `table*` a model and host; a comment alone where nothing was measured."""
    runs = dict.fromkeys(f"suite {record.suite}, run {record.run}" for record in records)
    made = [f"% {printable(run)}" for run in runs]
    parts = [part for table in make_paper_tables(records) for part in _split(table)]
    tables = [_table(table, place) for place, table in enumerate(parts, 1)]
    return "\n".join([HEAD, *made, *(tables or [f"% {NOTHING}"])]) + "\n"


def escape_latex(text: str) -> str:
    """Make any text safe inside a paragraph or cell: no command, no line break, no control character."""
    return _ANY_SPECIAL.sub(lambda found: SPECIAL[found[0]], printable(text))


def _split(table: Table) -> list[Table]:
    """Return a table that fits on a page, or the parts of one that does not."""
    starts = range(0, len(table.rows), MOST_ROWS)
    parts = [table.rows[start : start + MOST_ROWS] for start in starts]
    if len(parts) == 1:
        return [table]
    return [
        replace(table, rows=rows, caption=f"Part {place} of {len(parts)}: {table.caption}")
        for place, rows in enumerate(parts, 1)
    ]


def _table(table: Table, number: int) -> str:
    letters = "".join("r" if column.is_number else "l" for column in table.columns)
    lines = [
        r"\begin{table*}",
        r"  \centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"  \caption{{{escape_latex(table.caption)}}}",
        rf"  \label{{tab:precision-{number}}}",
        rf"  \begin{{tabular}}{{@{{}}{letters}@{{}}}}",
        r"    \toprule",
        f"    {_line([_head(column, column.title) for column in table.columns])}",
        f"    {_line([_head(column, column.detail) for column in table.columns])}",
        r"    \midrule",
        *_body(table.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table*}",
    ]
    return "\n".join(lines)


def _body(rows: Sequence[Row]) -> list[str]:
    """Return a line a row; a little room stands above each fp32, to which the rows below it are compared."""
    lines: list[str] = []
    for row in rows:
        if lines and row.tone == "base":
            lines.append(r"    \addlinespace")
        lines.append(f"    {_line([_cell(cell, row) for cell in row.cells])}")
    return lines


def _line(cells: Sequence[str]) -> str:
    # A row that begins with a bracket or an asterisk would be read as an argument of the line break before.
    return rf"{{}}{' & '.join(cells)} \\"


def _head(column: Column, text: str) -> str:
    return escape_latex(text) if not column.is_number else rf"\multicolumn{{1}}{{r}}{{{escape_latex(text)}}}"


def _cell(cell: Cell, row: Row) -> str:
    text = escape_latex(cell.text)
    if row.tone == "chosen":
        text = rf"\textbf{{{text}}}"
    return rf"{text} {{\tiny {escape_latex(cell.detail)}}}" if cell.detail else text
