"""The answer of `bench choose` as text: the case, its figures, its ties, and what misses by how much."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.choosing import Choice, Miss
from bench.core.metric import METRICS
from bench.core.record import Record
from bench.report.cells import weak_words
from bench.report.machines import emulation_words
from bench.report.screen import PLAIN, Screen, pad, text_width
from bench.report.texts import printable
from bench.report.units import bounds, is_known, number, point_difference
from bench.report.verdicts import METRIC_NAMES, value_words

# Shown of the winner, beside what was asked for.
_SHOWN = (
    "map_50_95",
    "map_50_95_difference",
    "latency_p50_ns",
    "latency_p95_ns",
    "end_to_end_p50_ns",
    "peak_rss_bytes",
    "size_bytes",
    "energy_per_inference_j",
)

# And of those that tie with it or are worse.
_BESIDE = ("latency_p50_ns", "size_bytes")

GAP = "  "

# Of cases that are listed; --json has them all.
MOST_LISTED = 20


def choice_text(
    choice: Choice, metric: str, subjects: Sequence[str], price: str = "", screen: Screen = PLAIN
) -> str:
    """Return the answer in lines.

    Args:
        subjects: metrics that were demanded; shown of the winner, too.
        price: what the winner costs and brings beside its fp32, in a sentence.
    """
    asked = list(dict.fromkeys((metric, *subjects)))
    lines = _best(choice.best, asked, price, screen)
    beside = list(dict.fromkeys((*asked, *_BESIDE)))
    lines += _list("ties with it: no interval says that it is worse", choice.ties, beside)
    lines += _list("meets the demands, but is clearly worse", choice.others, beside)
    unsure = [miss for miss in choice.misses if miss.standing == "unclear"]
    missed = [miss for miss in choice.misses if miss.standing == "missed"]
    lines += _misses("meets a demand by its value, while its interval reaches beyond", unsure)
    lines += _misses("misses, nearest first", missed)
    lines += [f"without {METRIC_NAMES[metric]}: {printable(case)}" for case in choice.unranked]
    lines += [f"not measured: {printable(case)}: {printable(reason)}" for case, reason in choice.unmeasured]
    return "\n".join(lines)


def _best(best: Record | None, asked: Sequence[str], price: str, screen: Screen) -> list[str]:
    if best is None:
        return [screen.paint("nothing meets these demands", "bad")]
    lines = [screen.dot(best.precision) + screen.paint(printable(best.case), "chosen")]
    names = [
        name for name in dict.fromkeys((*asked, *_SHOWN)) if name in asked or is_known(best.metric(name))
    ]
    width = max(len(METRIC_NAMES[name]) for name in names)
    lines += [f"  {METRIC_NAMES[name]:<{width}}  {_figure(best, name)}" for name in names]
    lines += [f"  {printable(price)}"] if price else []
    return [*lines, *(screen.paint(f"  NOT FOR DECISIONS: {reason}", "bad") for reason in _unfit(best))]


def _unfit(best: Record) -> list[str]:
    """Say why nobody should act on the answer."""
    words = emulation_words([best])
    cut_short = [] if best.decision_grade else ["this run was cut short on the command line"]
    return [*cut_short, *([f"times are of {words}"] if words else [])]


def _figure(record: Record, name: str) -> str:
    metric = record.metric(name)
    if metric is None or metric.value is None or not is_known(metric):
        return "not measured"
    ends = bounds(metric)
    interval = f" {_interval(name, *ends)}{weak_words(metric)}" if ends else ""
    return f"{_words(name, metric.value)}{_unit(name)}{interval}"


def _words(name: str, value: float) -> str:
    """Show a value; what is a difference has its sign, and the hundredths that paired intervals resolve."""
    return point_difference(value) if name == "map_50_95_difference" else value_words(name, value)


def _unit(name: str) -> str:
    return " points" if METRICS[name][0] in ("ap", "ar") else ""


def _interval(name: str, low: float, high: float) -> str:
    """Return `[low, high]`; the unit stands once where both ends have the same."""
    shown = [_words(name, end).split(" ") for end in (low, high)]
    if shown[0][1:] != shown[1][1:]:
        return f"[{' '.join(shown[0])}, {' '.join(shown[1])}]"
    return f"[{shown[0][0]}, {shown[1][0]}]"


def _list(title: str, records: Sequence[Record], names: Sequence[str]) -> list[str]:
    """Return a small table of cases with their figures."""
    if not records:
        return []
    rows = [
        [printable(record.case), *(f"{METRIC_NAMES[name]} {_figure(record, name)}" for name in names)]
        for record in records[:MOST_LISTED]
    ]
    widths = [max(map(text_width, column)) for column in zip(*rows, strict=True)]
    lines = (GAP.join(pad(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [f"{title}:", *(f"  {line}".rstrip() for line in lines), *_more(len(records), "case")]


def _more(count: int, what: str) -> list[str]:
    """Say how many were left out of a list."""
    left = count - MOST_LISTED
    return [f"  and {left} more {what}{'s' * (left > 1)} (--json lists all)"] if left > 0 else []


def _misses(title: str, misses: Sequence[Miss]) -> list[str]:
    if not misses:
        return []
    shown = misses[:MOST_LISTED]
    width = max(text_width(printable(miss.case)) for miss in shown)
    lines = [f"  {pad(printable(miss.case), width)}  {_miss(miss)}" for miss in shown]
    return [f"{title}:", *lines, *_more(len(misses), "demand")]


def _miss(miss: Miss) -> str:
    if miss.value is None:
        return f"{miss.constraint.text}: not measured"
    name, limit = miss.constraint.subject, miss.constraint.value
    ends = f" {_interval(name, miss.low, miss.high)}" if _is_spread(miss) else ""  # type: ignore[arg-type]
    words = f"{miss.constraint.text}: has {_words(name, miss.value)}{ends}"
    if miss.standing == "unclear" or not isinstance(limit, float):
        return words
    if limit > 0 and miss.value / limit >= 2:
        return f"{words}, {miss.value / limit:,.1f} times that"
    share = f" ({miss.share:.1%})" if 0 < miss.share < 1 else ""
    side = "too much" if miss.value > limit else "too little"
    return f"{words}, {_amount(name, abs(miss.value - limit))}{share} {side}"


def _amount(name: str, amount: float) -> str:
    """Show how far a value is from its limit; nothing is as near as to be no distance."""
    if _unit(name):
        return f"{number(amount * 100, 2)} points" if amount >= 5e-5 else "less than 0.01 points"
    return value_words(name, amount)


def _is_spread(miss: Miss) -> bool:
    return miss.low is not None and miss.high is not None and miss.low < miss.high
