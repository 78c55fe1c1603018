"""The answer of `bench choose` as text: the case, its figures, its ties, and what misses by how much."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.choosing import Choice, Miss
from bench.core.record import Record
from bench.report.texts import printable
from bench.report.verdicts import METRIC_NAMES, value_words

# Shown of the winner, beside what was asked for.
_SHOWN = (
    "map_50_95",
    "latency_p50_ns",
    "latency_p95_ns",
    "end_to_end_p50_ns",
    "peak_rss_bytes",
    "size_bytes",
)


def choice_text(choice: Choice, metric: str, subjects: Sequence[str]) -> str:
    """Return the answer in lines.

    Args:
        subjects: metrics that were demanded; shown of the winner, too.
    """
    if choice.best is None:
        lines = ["nothing meets these demands"]
    else:
        names = list(dict.fromkeys((metric, *subjects, *_SHOWN)))
        lines = [printable(choice.best.case), *(f"  {line}" for line in _figures(choice.best, names))]
    lines += _list("ties with it: no interval says that it is worse", choice.ties, metric)
    lines += _list("meets the demands, but is clearly worse", choice.others, metric)
    unsure = [miss for miss in choice.misses if miss.standing == "unclear"]
    missed = [miss for miss in choice.misses if miss.standing == "missed"]
    lines += _misses("meets a demand by its value, while its interval reaches beyond", unsure)
    lines += _misses("misses", missed)
    lines += [f"not measured: {printable(case)}: {printable(reason)}" for case, reason in choice.unmeasured]
    return "\n".join(lines)


def _figures(record: Record, names: Sequence[str]) -> list[str]:
    return [f"{METRIC_NAMES[name]:<18} {_figure(record, name)}" for name in names if record.value(name)]


def _figure(record: Record, name: str) -> str:
    metric = record.metric(name)
    if metric is None or metric.value is None:
        return "not measured"
    text = value_words(name, metric.value)
    if metric.low is None or metric.high is None:
        return text
    return f"{text} [{value_words(name, metric.low)}, {value_words(name, metric.high)}]"


def _list(title: str, records: Sequence[Record], metric: str) -> list[str]:
    if not records:
        return []
    return [f"{title}:", *(f"  {printable(record.case)}  {_figure(record, metric)}" for record in records)]


def _misses(title: str, misses: Sequence[Miss]) -> list[str]:
    if not misses:
        return []
    return [f"{title}:", *(f"  {printable(miss.case)}  {_miss(miss)}" for miss in misses)]


def _miss(miss: Miss) -> str:
    if miss.value is None:
        return f"{miss.constraint.text}: not measured"
    words = f"{miss.constraint.text}: has {value_words(miss.constraint.subject, miss.value)}"
    limit = miss.constraint.value
    if miss.standing == "unclear" or not isinstance(limit, float) or not limit:
        return words
    share = miss.value / limit
    return f"{words}, {share:,.0f} times that" if share >= 2 else f"{words}, {abs(share - 1):.1%} beyond"
