"""Lines of text for people: columns that line up, and wrapping at one width."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from bench.report.texts import printable

# Lines are wrapped here; texts of files are cut where they are longer.
WIDTH = 110
LONGEST_NAME = 48


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Line cells up in columns; the last one is wrapped into its own."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        head = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        text = " ".join(row[-1].split())
        lines.append(wrapped(text, f"  {head}  ", " " * (len(head) + 4)) if text else f"  {head}")
    return [line.rstrip() for line in lines]


def wrapped(text: str, first: str = "  ", rest: str = "    ") -> str:
    """Wrap a text at `WIDTH`; words are never broken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def cut(text: str) -> str:
    """Return a text of unknown origin on one line, shortened where it is long."""
    shown = printable(text)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "…"
