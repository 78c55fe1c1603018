"""All findings of a set of records in one value: by model group and host, since only those compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.analysis.activations import ActivationFinding, compare_activations
from bench.analysis.advice import advise
from bench.analysis.compare import Comparison, compare
from bench.analysis.front import Front, find_front
from bench.analysis.published import PublishedFinding, beside_published
from bench.analysis.recommend import Recommendation, recommend
from bench.analysis.training import TrainingFinding, judge_training
from bench.core.record import Advice, Record

# What accuracy is traded against, one chart each.
COSTS = ("latency_p50_ns", "peak_rss_bytes", "size_bytes", "energy_per_inference_j")


@dataclass(frozen=True)
class Panel:
    """One model group on one host: the cases that a user chooses among.

    Attributes:
        comparisons: by case id; a case without a measured sibling is absent.
        advice: by case id; cases without any are absent.
        published: of the cases whose model's accuracy was published.
    """

    group: str
    host: str
    records: tuple[Record, ...]
    comparisons: dict[str, Comparison]
    fronts: tuple[Front, ...]
    recommendation: Recommendation
    training: tuple[TrainingFinding, ...]
    activations: tuple[ActivationFinding, ...]
    advice: dict[str, tuple[Advice, ...]]
    published: tuple[PublishedFinding, ...] = ()


def analyse(records: Sequence[Record]) -> tuple[Panel, ...]:
    """Find what the records of one run mean, in the order in which groups and hosts appear."""
    places = dict.fromkeys((record.group, record.host) for record in records)
    return tuple(
        _panel(group, host, [r for r in records if (r.group, r.host) == (group, host)])
        for group, host in places
    )


def _panel(group: str, host: str, records: Sequence[Record]) -> Panel:
    measured = [record for record in records if record.status == "ok"]
    by_case = {record.case: record for record in measured}
    advice = {record.case: advise(record, by_case.get(record.sibling)) for record in records}
    return Panel(
        group=group,
        host=host,
        records=tuple(records),
        comparisons=compare(records),
        fronts=tuple(find_front(measured, cost) for cost in COSTS),
        recommendation=recommend(measured),
        training=judge_training(measured),
        activations=compare_activations(measured),
        advice={case: found for case, found in advice.items() if found},
        published=tuple(found for record in measured if (found := beside_published(record))),
    )
