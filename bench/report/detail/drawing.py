"""Small bars of one case as SVG written here: a figure of matplotlib's would cost more than the case."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.report.detail.model import Bar, Stack
from bench.report.html.elements import attributes, text
from bench.report.palette import color_of
from bench.report.table import Cell

# As wide as a phone leaves room for, so that texts are never scaled below their size.
WIDTH = 320
BAR_HEIGHT = 14
ROW_HEIGHT = 36

# A point of AP: changes are never drawn larger than that one beside them.
SMALL_CHANGE = 0.01

# Letters that fit beside each other at 11 pixels.
MOST_LETTERS = 44

# Parts of a bar have one colour, that of the precision, and are told apart by how full it is.
SHADES = (0.3, 0.55, 1.0, 0.75)


def draw_stack(stack: Stack) -> str:
    """Draw the bars of a stack below each other, on one scale from zero."""
    longest = max((sum(_lengths(bar)) for bar in stack.bars), default=0.0)
    if not longest > 0 or not math.isfinite(longest):
        return ""
    rows = "".join(_bar(bar, stack, index * ROW_HEIGHT, longest) for index, bar in enumerate(stack.bars))
    names = " and ".join(bar.label for bar in stack.bars)
    label = f"{stack.title}: bars of {names}; the table below has their figures"
    return svg(label, ROW_HEIGHT * len(stack.bars), rows)


def shade_of(index: int) -> float:
    """Return how full the colour of a stack's part is, 0 to 1."""
    return SHADES[index % len(SHADES)]


def _lengths(bar: Bar) -> list[float]:
    return [max(0.0, cell.value or 0.0) for cell in bar.cells]


def _bar(bar: Bar, stack: Stack, top: int, longest: float) -> str:
    color, left, parts = color_of(bar.precision), 0.0, []
    for index, (part, cell, length) in enumerate(zip(stack.parts, bar.cells, _lengths(bar), strict=True)):
        width = length / longest * WIDTH
        tip = f"{part}: {cell.text} {stack.unit}"
        about = {"x": short(left), "y": top + 17, "width": short(max(0.0, width - 1)), "height": BAR_HEIGHT}
        shade = {"fill-opacity": shade_of(index)}
        parts.append(f"<rect{attributes({**about, **shade})}><title>{text(tip)}</title></rect>")
        left += width
    drawn = f'<g fill="{color}">{"".join(parts)}</g>'
    return f'<text x="0" y="{top + 12}">{text(_cut(bar.label))}</text>{drawn}'


def draw_difference(value: float, largest: float, tone: str) -> str:
    """Draw a difference as a bar to the left (lost) or right (gained) of a line; words stand beside it."""
    length = min(1.0, abs(value) / largest) * 50
    left = 50 - length if value < 0 else 50
    bar = f"<b{attributes({'class': tone, 'style': f'left:{short(left)}%;width:{short(length)}%'})}></b>"
    return f'<i class="tilt">{bar}</i>'


def _cut(label: str) -> str:
    """Cut a label that would run out of the chart; the table below has all of it."""
    return label if len(label) <= MOST_LETTERS else label[: MOST_LETTERS - 1] + "…"


def svg(label: str, height: int, body: str) -> str:
    """Return a small chart of the page's width for them, with its label."""
    about = {"class": "chart mini", "viewBox": f"0 0 {WIDTH} {height}", "role": "img", "aria-label": label}
    return f"<svg{attributes(about)}>{body}</svg>"


def short(value: float) -> str:
    """Write a length to a tenth of a pixel."""
    return f"{value:.1f}".rstrip("0").rstrip(".") or "0"


def scale_of(cells: Sequence[Cell]) -> float:
    """Return how large a change fills its half, AP."""
    return max([SMALL_CHANGE, *(abs(cell.value) for cell in cells if cell.value is not None)])
