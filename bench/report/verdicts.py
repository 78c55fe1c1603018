"""Verdicts for people: a table as plain text or Markdown, worst first, and the one line that sums it up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bench.core.metric import METRICS
from bench.core.verdict import Answer, Verdict
from bench.report.markdown import escape
from bench.report.screen import PLAIN, Screen, pad, text_width
from bench.report.table import Tone
from bench.report.texts import printable
from bench.report.units import ABSENT, kibibytes, mebibytes, milliseconds, number, point_difference, points

# The order in which people want to read them.
_ORDER: tuple[Answer, ...] = ("fail", "missing", "not_comparable", "inconclusive", "new", "pass")
_WORDS: dict[Answer, str] = {"not_comparable": "not comparable"}
_TONES: dict[Answer, Tone] = {"fail": "bad", "missing": "bad", "not_comparable": "bad", "pass": "good"}
HEAD = ("answer", "case", "metric", "before", "after", "change", "bounds", "tolerated", "why")


def summary(verdicts: Sequence[Verdict]) -> str:
    """Say how many of each answer there are, as `1 fail, 3 pass`."""
    counts = Counter(verdict.answer for verdict in verdicts)
    parts = [f"{counts[answer]} {word(answer)}" for answer in _ORDER if counts[answer]]
    return ", ".join(parts) or "nothing to compare"


# Of goals, by answer; everything else has a reason.
_GOAL_WORDS: dict[Answer, str] = {
    "fail": "misses the goal with all of its interval ({method})",
    "inconclusive": "the limit lies within its interval ({method}): measure more rounds or images",
    "pass": "meets the goal with all of its interval ({method})",
}


def word(answer: Answer) -> str:
    """Return an answer as people write it."""
    return _WORDS.get(answer, answer)


def rows(verdicts: Sequence[Verdict]) -> list[tuple[str, ...]]:
    """Return the cells of a table under `HEAD`, worst answers first, otherwise in the order given."""
    return [_row(verdict) for verdict in in_order(verdicts)]


def in_order(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Sort verdicts by their answers, worst first, else in the order given; classes that pass are one."""
    return sorted(_folded(verdicts), key=lambda verdict: _ORDER.index(verdict.answer))


def _folded(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Put the passing classes of a case and metric into one verdict, that of the worst of them."""
    groups: dict[tuple[object, ...], list[Verdict]] = {}
    for place, verdict in enumerate(verdicts):
        is_class = verdict.part and verdict.answer == "pass"
        groups.setdefault((verdict.case, verdict.metric) if is_class else (place,), []).append(verdict)
    return [_worst_of(group) for group in groups.values()]


def _worst_of(classes: Sequence[Verdict]) -> Verdict:
    if len(classes) == 1:
        return classes[0]
    worst = max(classes, key=lambda verdict: -math.inf if verdict.change is None else verdict.change)
    return replace(worst, part=f"{len(classes)} classes, the worst of them {worst.part}")


def explain(verdict: Verdict) -> str:
    """Say in one sentence why the answer is what it is."""
    return printable(_explained(verdict))


def _explained(verdict: Verdict) -> str:
    if verdict.goal and not verdict.reason:
        return _GOAL_WORDS.get(verdict.answer, "{method}").format(method=verdict.method)
    if verdict.reason or verdict.change is None or verdict.high is None:
        return verdict.reason
    if verdict.answer == "fail":
        return f"worse by more than is tolerated ({verdict.method})"
    if verdict.answer == "inconclusive":
        limit = amount_words(verdict, max(verdict.find, verdict.tolerance))
        known = "nothing is bounded" if math.isinf(verdict.high) else f"{limit} worse cannot be excluded"
        if verdict.low is not None and verdict.low > verdict.tolerance:
            known = "worse than tolerated by its own bounds, but not beyond chance among all comparisons"
        return f"{known} ({verdict.method}): measure more rounds or images"
    return verdict.method


def change_words(verdict: Verdict) -> str:
    """Return ` +3.1% [+1.0%, +5.2%]`, with a blank before it; empty where nothing was compared.

    Of a goal, the value and its bounds instead, and the goal.
    """
    if verdict.goal:
        value = f" {value_words(verdict.metric, verdict.after)}" if verdict.after is not None else ""
        return f"{value}{bounds_words(verdict)} (goal: {printable(verdict.goal)})"
    if verdict.change is None:
        return ""
    return f" {difference_words(verdict, verdict.change)}{bounds_words(verdict)}"


def bounds_words(verdict: Verdict) -> str:
    """Return ` [+1.0%, +5.2%]`, with a blank before it: of a goal bounds of the value; empty without any."""
    if verdict.low is None or verdict.high is None or verdict.low == verdict.high:
        return ""
    if verdict.goal:
        low, high = (value_words(verdict.metric, end) for end in (verdict.low, verdict.high))
        return f" [{low}, {high}]"
    ends = sorted((verdict.low, verdict.high), reverse=METRICS[verdict.metric][1] == "higher")
    return f" [{difference_words(verdict, ends[0])}, {difference_words(verdict, ends[1])}]"


def _row(verdict: Verdict) -> tuple[str, ...]:
    bounds = bounds_words(verdict).strip() or ABSENT
    judged = verdict.change is not None
    return (
        word(verdict.answer),
        printable(verdict.case),
        metric_words(verdict),
        value_words(verdict.metric, verdict.before),
        value_words(verdict.metric, verdict.after),
        difference_words(verdict, verdict.change) if verdict.change is not None else ABSENT,
        bounds,
        printable(verdict.goal) or (amount_words(verdict, verdict.tolerance) if judged else ABSENT),
        explain(verdict),
    )


def metric_words(verdict: Verdict) -> str:
    """Name what was judged: a metric, or a metric of one class."""
    name = METRIC_NAMES.get(verdict.metric, verdict.metric)
    return f"{name} of {printable(verdict.part)}" if verdict.part else name


# Fewer bytes are shown in KiB.
LEAST_MEBIBYTES = 10 * 2**20

METRIC_NAMES = {name: name.removesuffix("_ns").removesuffix("_bytes") for name in METRICS}


def value_words(metric: str, value: float | None) -> str:
    """Show a value in the unit that people read it in."""
    if value is None or not math.isfinite(value):
        return ABSENT
    unit = METRICS[metric][0]
    if unit == "ns":
        return f"{milliseconds(value)} ms"
    if unit == "bytes":
        return f"{mebibytes(value)} MiB" if value >= LEAST_MEBIBYTES else f"{kibibytes(value)} KiB"
    return points(value) if unit in ("ap", "ar") else number(value, 3)


def difference_words(verdict: Verdict, change: float) -> str:
    """Show a worsening as the change of the metric: a lower AP has a minus sign."""
    if not math.isfinite(change):
        return ABSENT
    is_higher = METRICS[verdict.metric][1] == "higher"
    value = -change if is_higher else change
    if verdict.is_relative:
        return percent_change(value)
    if METRICS[verdict.metric][0] in ("ap", "ar"):
        return point_difference(value)
    return ("+" if value > 0 else "") + value_words(verdict.metric, value)


def percent_change(share: float) -> str:
    """Show a share to a tenth of a percent; what is smaller but not nothing keeps two digits."""
    percent = share * 100
    if not math.isfinite(percent):
        return ABSENT
    if percent == 0 or abs(percent) >= 0.05:
        return number(percent, 1, signed=True) + "%"
    return number(percent, min(1 - math.floor(math.log10(abs(percent))), 6), signed=True) + "%"


def amount_words(verdict: Verdict, amount: float) -> str:
    """Show a tolerance, or another amount of change without a direction."""
    if verdict.is_relative:
        return f"{amount * 100:g}%"
    if METRICS[verdict.metric][0] in ("ap", "ar"):
        return f"{amount * 100:g} points"
    return value_words(verdict.metric, amount)


def text_table(verdicts: Sequence[Verdict], screen: Screen = PLAIN) -> str:
    """Return the table in aligned columns, answers in colour where the screen has any."""
    table = [HEAD, *rows(verdicts)]
    widths = [max(text_width(row[column]) for row in table) for column in range(len(HEAD))]
    lines = [[pad(cell, width) for cell, width in zip(row, widths, strict=True)] for row in table]
    tones: list[Tone] = ["chosen", *(_TONES.get(verdict.answer, "muted") for verdict in in_order(verdicts))]
    painted = ([screen.paint(line[0], tone), *line[1:]] for line, tone in zip(lines, tones, strict=True))
    return "\n".join("  ".join(line).rstrip() for line in painted)


def markdown_table(verdicts: Sequence[Verdict]) -> str:
    """Return the table as Markdown."""
    cells = [tuple(map(escape, row)) for row in rows(verdicts)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (HEAD, ["---"] * len(HEAD), *cells))
