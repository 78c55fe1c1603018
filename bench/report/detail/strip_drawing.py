"""The strip of a case's processes as SVG: a dot each, with a line over the middle half of its calls."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.report.detail.drawing import WIDTH, short, svg
from bench.report.detail.model import Mark, Strip
from bench.report.html.elements import attributes, text
from bench.report.palette import color_of
from bench.report.table import Cell
from bench.report.units import number

HEIGHT = 150
LEFT, RIGHT, TOP, BOTTOM = 44, WIDTH - 6, 8, 130
MOST_TICKS = 4

# Room above and below the outermost mark, as a share of what is shown.
PAD = 0.06


@dataclass(frozen=True)
class Axis:
    """What lies at the bottom and at the top, in ns."""

    low: float
    high: float

    def y(self, value: float) -> float:
        """Return where a value is drawn."""
        return BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP)


def draw_strip(strip: Strip) -> str:
    """Draw each process, and the case's latency as a dashed line with its interval as a band."""
    axis, color = _axis(strip), color_of(strip.precision)
    step = (RIGHT - LEFT) / len(strip.marks)
    marks = "".join(
        _mark(mark, LEFT + (index + 0.5) * step, step, axis) for index, mark in enumerate(strip.marks)
    )
    names = (
        f'<text x="{LEFT}" y="{HEIGHT - 4}">first process</text>'
        f'<text x="{RIGHT}" y="{HEIGHT - 4}" text-anchor="end">last</text>'
    )
    middle = f"{strip.middle.text} {strip.middle.detail}".strip()
    label = f"{strip.title}, ms: {len(strip.marks)} processes; the case: {middle}"
    colored = f'<g class="marks" fill="{color}" stroke="{color}">{marks}</g>'
    return svg(label, HEIGHT, _grid(axis) + _band(strip.middle, axis, color) + colored + names)


def _axis(strip: Strip) -> Axis:
    values = [value for mark in strip.marks for value in (*mark.quartiles_ns, mark.median_ns)]
    known = [*values, *(strip.middle.ends or ())]
    low, high = min(known), max(known)
    pad = (high - low) * PAD or high * 0.02
    return Axis(low - pad, high + pad)


def _mark(mark: Mark, x: float, step: float, axis: Axis) -> str:
    low, high = (axis.y(value) for value in mark.quartiles_ns)
    size = min(3.5, max(1.5, step * 0.3))
    line = f'<path d="M{short(x)} {short(low)}V{short(high)}"/>'
    place = (x, axis.y(mark.median_ns), size)
    dot = _dot(*place) if mark.is_valid else _cross(*place)
    # The whole column answers to the pointer: a dot is too small for a finger.
    room = f'<rect x="{short(x - step / 2)}" width="{short(step)}"/>'
    about = attributes({"class": "" if mark.is_valid else "lost"})
    return f"<g{about}><title>{text(mark.tip)}</title>{room}{line}{dot}</g>"


def _dot(x: float, y: float, size: float) -> str:
    return f'<circle cx="{short(x)}" cy="{short(y)}" r="{short(size)}"/>'


def _cross(x: float, y: float, size: float) -> str:
    left, right, top, bottom = (short(value) for value in (x - size, x + size, y - size, y + size))
    return f'<path d="M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}" class="off"/>'


def _band(middle: Cell, axis: Axis, color: str) -> str:
    if middle.value is None:
        return ""
    line = f'<path d="M{LEFT} {short(axis.y(middle.value))}H{RIGHT}" class="middle"/>'
    if not middle.ends:
        return line
    low, high = (axis.y(end) for end in middle.ends)
    about = {"x": LEFT, "y": short(high), "width": RIGHT - LEFT, "height": short(max(1.0, low - high))}
    return f"<rect{attributes({**about, 'fill': color, 'fill-opacity': 0.18})}/>{line}"


def _grid(axis: Axis) -> str:
    """Draw round values of the axis, in ms."""
    ticks, digits = _ticks(axis.low / 1e6, axis.high / 1e6)
    return "".join(_tick(axis.y(tick * 1e6), number(tick, digits)) for tick in ticks)


def _tick(y: float, words: str) -> str:
    line = f'<path d="M{LEFT} {short(y)}H{RIGHT}" class="grid"/>'
    return f'{line}<text x="{LEFT - 5}" y="{short(y + 4)}" text-anchor="end">{words}</text>'


def _ticks(low: float, high: float) -> tuple[list[float], int]:
    """Return round values between two, and the decimals that tell them apart."""
    rough = (high - low) / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [place * step for place in range(first, last + 1)], max(0, -math.floor(math.log10(step)))
