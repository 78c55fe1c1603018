"""A change with its interval as a small bar: all bars of a table on one scale, worse to the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench.core.verdict import Verdict

WIDTH, HEIGHT = 180.0, 22.0
_MARGIN = 9.0
_MIDDLE = HEIGHT / 2

# Bars are cut at so many times the largest of tolerances and changes: one wide interval hides no other.
_CUT = 1.6


@dataclass(frozen=True)
class Scale:
    """Changes from `low` to `high` over the width of a bar."""

    low: float
    high: float

    def place(self, change: float) -> float:
        """Return where a change lies, within the bar."""
        share = (min(max(change, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_MARGIN + share * (WIDTH - 2 * _MARGIN), 1)


def make_scale(verdicts: Sequence[Verdict]) -> Scale | None:
    """Return the scale of a table's bars; None where nothing was changed or compared."""
    judged = [verdict for verdict in verdicts if _is_drawn(verdict)]
    sizes = [abs(verdict.change or 0.0) for verdict in judged]
    sizes += [max(verdict.tolerance, verdict.find) for verdict in judged]
    if not judged or max(sizes) == 0:
        return None
    most = max(sizes) * _CUT
    ends = [end for v in judged for end in (v.low, v.high, v.tolerance) if end is not None]
    known = [end for end in ends if math.isfinite(end)]
    reach = min(max([abs(end) for end in known] + sizes) * 1.05, most)
    return Scale(-reach, reach)


def strip(verdict: Verdict, scale: Scale | None) -> str:
    """Return the bar as SVG, for eyes only: the figures stand beside it. Empty where there is no change."""
    if scale is None or not _is_drawn(verdict):
        return ""
    zero, limit = scale.place(0.0), scale.place(verdict.tolerance)
    lines = _line(zero, 1, zero, HEIGHT - 1, "zero") + _line(limit, 1, limit, HEIGHT - 1, "limit")
    kind = {"fail": "bad", "pass": "good"}.get(verdict.answer, "open")
    return (
        f'<svg class="strip" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" width="{WIDTH:g}" height="{HEIGHT:g}" '
        f'aria-hidden="true">{lines}<g class="{kind}">{_bar(verdict, scale)}{_mark(verdict, scale)}</g></svg>'
    )


def _is_drawn(verdict: Verdict) -> bool:
    return verdict.change is not None and math.isfinite(verdict.change) and not verdict.goal


def _bar(verdict: Verdict, scale: Scale) -> str:
    if verdict.low is None or verdict.high is None or verdict.low == verdict.high:
        return ""
    if math.isnan(verdict.low) or math.isnan(verdict.high):
        return ""
    left, right = scale.place(verdict.low), scale.place(verdict.high)
    ends = _end(left, -1, verdict.low < scale.low) + _end(right, 1, verdict.high > scale.high)
    return _line(left, _MIDDLE, right, _MIDDLE, "bar") + ends


def _end(x: float, way: int, goes_on: bool) -> str:
    """Return the end of a bar: a cap, or an arrow where it goes on beyond the scale."""
    if goes_on:
        back = x - 4 * way
        return f'<path d="M{back:g} {_MIDDLE - 4:g}L{x + way:g} {_MIDDLE:g}L{back:g} {_MIDDLE + 4:g}"/>'
    return _line(x, _MIDDLE - 3, x, _MIDDLE + 3, "bar")


def _mark(verdict: Verdict, scale: Scale) -> str:
    """Return the change itself: a dot, a diamond where it fails, hollow where nothing is decided."""
    x = scale.place(verdict.change or 0.0)
    if verdict.answer == "fail":
        return (
            f'<path class="dot" d="M{x:g} {_MIDDLE - 5.5:g}L{x + 5.5:g} {_MIDDLE:g}'
            f'L{x:g} {_MIDDLE + 5.5:g}L{x - 5.5:g} {_MIDDLE:g}Z"/>'
        )
    return f'<circle class="dot" cx="{x:g}" cy="{_MIDDLE:g}" r="4"/>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{x1:g} {y1:g}L{x2:g} {y2:g}"/>'


STYLE = """
.strip { display: block; width: 11.25rem; height: auto; }
.strip path { fill: none; stroke: currentColor; stroke-width: 1.6; }
.strip .zero { stroke: var(--soft); stroke-width: 1; } .strip .limit { stroke: var(--soft); stroke-width: 1;
  stroke-dasharray: 3 2; }
.strip .dot { fill: currentColor; stroke: currentColor; stroke-width: 1.6; }
.strip .open .dot { fill: var(--card); }
td.answer-fail { color: var(--bad); font-weight: 650; } td.answer-pass { color: var(--good); }
td.answer-missing, td.answer-not_comparable, td.answer-inconclusive { font-weight: 650; }
.answer.stopped { border-left-color: var(--bad); } header + .answer { margin-top: 1.25rem; }
.answer h2 { margin: 0 0 .4rem; }
.sides { display: grid; gap: 0 2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
td.why { min-width: 13rem; } td.case { min-width: 14rem; overflow-wrap: anywhere; }
td.case .swatch { float: left; margin: .35em .45em 0 0; }
@media (max-width: 560px) { td.case { min-width: 9.5rem; } }
"""
