"""Tables of verdicts on a page: figures traced to their cases, changes with bars, sorted on true values."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.core.verdict import Verdict
from bench.report.comparison.model import keys_of_case
from bench.report.comparison.strips import Scale, make_scale, strip
from bench.report.html.elements import attributes, heading, keyed, swatch, text
from bench.report.texts import printable
from bench.report.units import ABSENT
from bench.report.verdicts import (
    amount_words,
    bounds_words,
    difference_words,
    explain,
    in_order,
    metric_words,
    value_words,
    word,
)

# A table of so many rows scrolls by itself, below a head that stays.
TALL = 25


def metric_table(name: str, verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts of one metric, the worst first."""
    scale = make_scale(verdicts)
    heads = ["Case", "Answer", "#Before", "#After", "#Change", *(["Better ← → worse"] if scale else [])]
    has_parts = any(verdict.part for verdict in verdicts)
    heads = [*(heads[:1]), *(["Of"] if has_parts else []), *heads[1:], "#Tolerated", "Why"]
    rows = "".join(_row(verdict, scale, has_parts) for verdict in in_order(verdicts))
    return _table(name, heads, rows, len(verdicts))


def goals_table(verdicts: Sequence[Verdict]) -> str:
    """Return the goals that were judged; nothing without any."""
    if not verdicts:
        return ""
    rows = "".join(map(_goal_row, in_order(verdicts)))
    table = _table("Goals", ["Goal", "Answer", "Case", "#Value", "Why"], rows, len(verdicts))
    return f"<section>\n{heading(2, 'Goals', 'goals')}{table}</section>\n"


def _table(name: str, heads: Sequence[str], rows: str, count: int) -> str:
    cells = "".join(
        f'<th scope="col"{attributes({"class": "number" if head.startswith("#") else ""})}>'
        f"{text(head.removeprefix('#'))}</th>"
        for head in heads
    )
    tall = " tall" if count >= TALL else ""
    return (
        f'<div class="scroll{tall}" role="group" tabindex="0"{attributes({"aria-label": name})}>'
        f'<table class="sortable">\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{rows}</tbody>\n'
        "</table></div>\n"
    )


def _row(verdict: Verdict, scale: Scale | None, has_parts: bool) -> str:
    keys = keys_of_case(printable(verdict.case))
    change = ABSENT if verdict.change is None else difference_words(verdict, verdict.change)
    is_judged = verdict.change is not None
    cells = [
        f'<td class="case">{swatch(keys.precision) if keys.precision else ""}{_name(verdict.case)}</td>',
        f"<td>{text(verdict.part and metric_words(verdict))}</td>" if has_parts else "",
        _answer(verdict),
        _figure(
            value_words(verdict.metric, verdict.before), verdict.before, f"{verdict.case}#{verdict.metric}"
        ),
        _figure(
            value_words(verdict.metric, verdict.after), verdict.after, f"{verdict.case}#{verdict.metric}"
        ),
        _figure(change, verdict.change, "", bounds_words(verdict).strip()),
        f"<td{attributes({'data-value': verdict.change})}>{strip(verdict, scale)}</td>" if scale else "",
        _figure(
            amount_words(verdict, verdict.tolerance) if is_judged else ABSENT,
            verdict.tolerance if is_judged else None,
        ),
        f'<td class="why">{text(explain(verdict))}</td>',
    ]
    return f"<tr{keyed(keys)}>{''.join(cells)}</tr>\n"


def _goal_row(verdict: Verdict) -> str:
    cells = [
        f'<td class="case">{text(verdict.goal)}</td>',
        _answer(verdict),
        f'<td class="case">{_name(verdict.case)}</td>',
        _figure(
            value_words(verdict.metric, verdict.after),
            verdict.after,
            f"{verdict.case}#{verdict.metric}",
            bounds_words(verdict).strip(),
        ),
        f'<td class="why">{text(explain(verdict))}</td>',
    ]
    return f"<tr{keyed(keys_of_case(printable(verdict.case)))}>{''.join(cells)}</tr>\n"


def _name(case: str) -> str:
    """Return a case's id, which may be broken behind its parts."""
    return text(case).replace("/", "/<wbr>").replace("@", "<wbr>@")


def _answer(verdict: Verdict) -> str:
    return f'<td class="answer-{verdict.answer}">{text(word(verdict.answer))}</td>'


def _figure(words: str, value: float | None, record: str = "", detail: str = "") -> str:
    """Return a figure's cell; what cannot be shown has no value to sort by."""
    known = value if value is not None and math.isfinite(value) else None
    about = attributes({"data-value": known, "data-record": record if known is not None else ""})
    below = f'<span class="detail">{text(detail)}</span>' if detail else ""
    return f'<td class="number"{about}>{text(words)}{below}</td>'
