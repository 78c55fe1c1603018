"""The answer at the head of a section: which case to ship on this host, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.analysis.findings import Panel
from bench.core.record import Record
from bench.report.cells import metric_cell
from bench.report.model import Answer, Figure
from bench.report.sentences import accuracy_words, size_words, speed_words
from bench.report.tables import nms_words
from bench.report.units import kibibytes, mebibytes, milliseconds, number, percent, points

# A sentence that names more cases than this counts the others.
MOST_NAMES = 4

CLOCKS = {"latency_p50_ns": "inference median", "end_to_end_p50_ns": "end-to-end median"}


def make_answer(panel: Panel, labels: dict[str, str]) -> Answer:
    """Phrase the recommendation of a panel."""
    chosen = panel.recommendation.case
    measured = [record for record in panel.records if record.status == "ok"]
    if chosen is None:
        headline = "No case can be recommended" if measured else "Nothing was measured"
        return Answer(headline, _why_none(panel, measured), (), _left_out(panel, labels), _rule(panel))
    record = next(record for record in measured if record.case == chosen)
    grade = "" if record.decision_grade else "Not for decisions: "
    headline = f"{grade}{'ship' if grade else 'Ship'} {labels[chosen]}"
    details = [*_ties(panel, labels), *_left_out(panel, labels)]
    return Answer(headline, _gain(panel, record), _figures(record), tuple(details), _rule(panel))


def _gain(panel: Panel, record: Record) -> str:
    comparison = panel.comparisons.get(record.case)
    if record.precision == "fp32":
        return "No other case keeps its accuracy and is faster, or as fast and smaller."
    if comparison is None:
        return "Its fp32 sibling was not measured here."
    parts = [
        speed_words(comparison.latency_ratio),
        size_words(comparison.size_ratio),
        accuracy_words(comparison),
    ]
    return f"Against fp32: {', '.join(part for part in parts if part)}."


def _figures(record: Record) -> tuple[Figure, ...]:
    shown: list[tuple[str, str, str, Callable[[float], str]]] = [
        ("mAP, IoU .50:.95", "map_50_95", "points", points),
        (f"Inference p50, {nms_words([record])}", "latency_p50_ns", "ms", milliseconds),
        ("End to end p50", "end_to_end_p50_ns", "ms", milliseconds),
        ("Peak memory", "peak_rss_bytes", "MiB", mebibytes),
        ("Model file", "size_bytes", "KiB", kibibytes),
    ]
    cells = [(name, metric_cell(record, metric, form), unit) for name, metric, unit, form in shown]
    return tuple(Figure(name, f"{cell.text} {unit}", cell.detail) for name, cell, unit in cells)


def _ties(panel: Panel, labels: dict[str, str]) -> list[str]:
    ties = panel.recommendation.ties
    if not ties:
        return []
    shown = ", ".join(labels[case] for case in ties[:MOST_NAMES])
    more = f" and {len(ties) - MOST_NAMES} more" if len(ties) > MOST_NAMES else ""
    return [f"A tie in speed with {shown}{more}: the latency intervals do not tell them apart."]


def _left_out(panel: Panel, labels: dict[str, str]) -> tuple[str, ...]:
    by_reason: dict[str, list[str]] = {}
    for case, reason in panel.recommendation.left_out.items():
        by_reason.setdefault(reason, []).append(labels[case])
    return tuple(f"Left out, {reason}: {', '.join(names)}." for reason, names in by_reason.items())


def _why_none(panel: Panel, measured: Sequence[Record]) -> str:
    if not measured:
        return "All cases failed or could not be made; the reasons stand below."
    return "No measured case passes the rule; what kept each of them out stands below."


def _rule(panel: Panel) -> str:
    allowed = number(panel.recommendation.max_drop * 100, 0)
    clock = CLOCKS[panel.recommendation.clock]
    found = (record.metric("map_50_95_difference") for record in panel.records)
    levels = sorted({metric.level for metric in found if metric and metric.level})
    level = f"{percent(levels[0])} " if len(levels) == 1 else ""
    return (
        f"The rule: among fp32 and the cases that lose at most {allowed} point of mAP with their whole "
        f"{level}interval, the one with the lowest {clock}; where latency "
        "intervals overlap it is a tie, and the smallest file is taken."
    )
