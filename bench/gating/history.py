"""All stored runs of a suite to trends: series of what can be compared, and where they step. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.core.metric import METRICS
from bench.core.record import Record
from bench.core.trend import Step, Trend, TrendPoint
from bench.gating.comparable import differences, emulation_reason, kind_of
from bench.gating.sides import setting_of
from bench.gating.steps import LEAST_RUNS, find_steps, level_change, likely_places, repeats_exactly


@dataclass(frozen=True)
class _Seen:
    """A figure that may be decided on, and the setting that it was measured in."""

    point: TrendPoint
    setting: dict[str, Any]


def make_trends(records: Sequence[Record], metric: str, accepted: Collection[str] = ()) -> list[Trend]:
    """Return the trends of one metric, case by case in the order of first appearance.

    Args:
        records: of all runs, from old to new.
        accepted: settings that may differ within one series (`kernel`).
    """
    by_case: dict[str, list[Record]] = {}
    for record in records:
        by_case.setdefault(record.case, []).append(record)
    return [
        trend for case, found in by_case.items() for trend in _trends_of_case(case, found, metric, accepted)
    ]


def _trends_of_case(
    case: str, records: Sequence[Record], metric: str, accepted: Collection[str]
) -> list[Trend]:
    seen = [one for record in records if (one := _seen(record, metric))]
    all_series: list[list[_Seen]] = []
    for one in seen:
        # A machine that comes back goes on with its own series.
        series = next((s for s in all_series if not differences(metric, s[0], one, accepted)), None)
        if series is None:
            all_series.append([one])
        else:
            series.append(one)
    num_left_out = len(records) - len(seen)
    trends = []
    for before, series in zip([None, *all_series], all_series, strict=False):
        broken_by = tuple(differences(metric, before[-1], series[0], accepted)) if before else ()
        trend = _with_steps(Trend(case, metric, tuple(one.point for one in series), ()))
        trends.append(replace(trend, broken_by=broken_by, num_left_out=num_left_out))
    return trends


def _seen(record: Record, name: str) -> _Seen | None:
    metric = record.metric(name)
    setting = setting_of(record)
    may_decide = record.decision_grade or kind_of(name) == "size"
    may_decide = may_decide and not emulation_reason(name, setting)
    if record.status != "ok" or metric is None or metric.value is None or not may_decide:
        return None
    if not math.isfinite(metric.value) or (metric.value == -1 and metric.name.startswith(("map_", "mar_"))):
        return None
    git = record.git
    point = TrendPoint(
        record.run,
        metric.value,
        metric.low,
        metric.high,
        str(git.get("commit", "")),
        bool(git.get("is_dirty")),
        record.started,
    )
    return _Seen(point, setting)


def _with_steps(trend: Trend) -> Trend:
    """Find the steps of a series: every change where values repeat exactly, else what chance gives not."""
    values = [point.value for point in trend.points]
    if kind_of(trend.metric) == "size" or repeats_exactly(values):
        changed = [i for i in range(1, len(values)) if values[i] != values[i - 1]]
        return replace(trend, steps=tuple(_exact_step(trend.metric, values, place) for place in changed))
    is_relative = METRICS[trend.metric][0] not in ("ap", "ar") and min(values) > 0
    series = [math.log(value) for value in values] if is_relative else values
    places = find_steps(series)
    steps = tuple(_step(trend.metric, series, places, index, is_relative) for index in range(len(places)))
    return replace(trend, steps=steps, num_needed=LEAST_RUNS)


def _step(metric: str, series: Sequence[float], places: Sequence[int], index: int, is_relative: bool) -> Step:
    ends = level_change(series, places, index)
    change, low, high = map(math.expm1, ends) if is_relative else ends
    earliest, latest = likely_places(series, places, index)
    return Step(places[index], earliest, latest, change, low, high, is_relative, _is_worse(metric, change))


def _exact_step(metric: str, values: Sequence[float], place: int) -> Step:
    before, after = values[place - 1], values[place]
    is_relative = METRICS[metric][0] not in ("ap", "ar") and before > 0
    change = after / before - 1 if is_relative else after - before
    return Step(place, place, place, change, change, change, is_relative, _is_worse(metric, change))


def _is_worse(metric: str, change: float) -> bool:
    return change > 0 if METRICS[metric][1] == "lower" else change < 0
