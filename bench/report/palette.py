"""One colour per precision, the same in every chart, table, gallery and page."""

from __future__ import annotations

from collections.abc import Iterable

# Okabe and Ito's palette (jfly.uni-koeln.de/color), told apart with any colour vision, on white and on dark.
COLORS = {
    "fp32": "#7f8790",
    "fp16": "#56b4e9",
    "dynamic": "#e69f00",
    "int8": "#009e73",
    "qat": "#d55e00",
    "int16x8": "#cc79a7",
    "int4": "#0072b2",
    "mixed": "#b8a400",
}

# Of precisions that are not ours: given files may declare any.
OTHER_COLOR = "#8d6e63"


def color_of(precision: str) -> str:
    """Return the colour of a precision."""
    return COLORS.get(precision, OTHER_COLOR)


def colors_of(precisions: Iterable[str]) -> dict[str, str]:
    """Return the colour of each precision, in the palette's order, others behind."""
    names = dict.fromkeys(precisions)
    ordered = [*(name for name in COLORS if name in names), *(name for name in names if name not in COLORS)]
    return {name: color_of(name) for name in ordered}
