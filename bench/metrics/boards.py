"""Latency of one case over several identical boards: the figures, and how boards differ.

The value is the median over boards of each board's median over processes. Its interval is over processes, on
these very boards, as that of a single board is: it tells cases of one host apart. What a board that was not
measured would give is another question, with a far wider interval of its own (`describe_boards`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.measure import MeasureOptions
from bench.core.metric import Metric
from bench.metrics.estimate import estimated, joined
from bench.metrics.latency import STAGES, Round, latency_metrics, latency_ratio
from bench.metrics.variance import variance_components
from bench.stats import Interval, geometric_interval, group_level, student_quantile
from bench.wire.codec import to_json

# Board -> its valid rounds, in their order.
Boards = Mapping[str, Sequence[Round]]

# Two boards show that boards differ, and hardly how much: Student's factor of one degree of freedom is 12.7.
FEWEST_BOARDS = 3


def latency_metrics_of_boards(boards: Boards, measure: MeasureOptions) -> tuple[Metric, ...]:
    """Summarise the latency of a case; of one board the same as `latency_metrics`.

    Tail percentiles pool the calls of all boards.
    """
    rounds = [one for found in boards.values() for one in found]
    metrics, present = latency_metrics(rounds, measure), _present(boards)
    if len(present) < 2:
        return metrics
    return tuple(_over_boards(metric, present, measure) for metric in metrics)


def latency_ratio_of_boards(
    boards: Boards, sibling: Boards, measure: MeasureOptions, is_paired: bool = True
) -> Metric:
    """Compare with the sibling on the boards that both ran on, as `latency_ratio` does on one.

    Args:
        is_paired: on each board, round i of both ran next to each other.
    """
    common = [name for name in _present(boards) if sibling.get(name)]
    if len(common) < 2:
        here = common[0] if common else ""
        return latency_ratio(boards.get(here, ()), sibling.get(here, ()), measure, is_paired)
    above, below = ([_values("latency_p50_ns", side[name]) for name in common] for side in (boards, sibling))
    interval = ratio_on_boards(above, below, measure, is_paired)
    count = min(sum(map(len, above)), sum(map(len, below)))
    note = joined("rounds paired" if is_paired else "rounds not paired", f"on these {len(common)} boards")
    return estimated("latency_ratio", interval, measure.level, count, note)


def describe_boards(boards: Boards, measure: MeasureOptions) -> dict[str, Any]:
    """Return what a record says of its boards: `values`, `any_board`, `variance` and `contributions`.

    `values`: board -> `latency_p50_ns` and `num_processes`. `any_board`: `{value, low, high, level}`, the t
    interval of the median over all such boards; None below 3 boards. `variance` and `contributions`: see
    `Components`.
    """
    present = _present(boards)
    values = {
        name: {"latency_p50_ns": float(median(found)), "num_processes": len(found)}
        for name, rounds in present.items()
        if (found := _values("latency_p50_ns", rounds))
    }
    medians = [value["latency_p50_ns"] for value in values.values()]
    enough = len(medians) >= FEWEST_BOARDS and min(medians) > 0
    components = variance_components(
        {name: [one["inference_ns"] for one in rounds] for name, rounds in present.items()}
    )
    return {
        "values": values,
        "any_board": to_json(geometric_interval(medians, measure.level)) if enough else None,
        "variance": to_json(components),
        "contributions": components.contributions(),
    }


def interval_on_boards(values: Sequence[Sequence[float]], measure: MeasureOptions) -> Interval:
    """Return the median of the boards' medians with an expanded percentile interval, boards held fixed.

    Processes are drawn anew within each board. Simulated at nominal .95 with 2 to 5 boards of 5 and 10
    processes, deviation between boards 0, .5 and 2 times that between processes (normal, exponential, one in
    four slow): covered .92 to .99. With 2 to 4 processes a board .56 to .97, so the level stated is capped
    by `group_level` of the board with the fewest.

    Not the hierarchical bootstrap, which draws boards anew too: of the median of all such boards it covered
    .62 to .79 with 2 boards, .79 to .90 with 3, .85 to .92 with 4 and .92 to .95 with 5, where boards differ
    by 2 deviations. Student's interval over boards (`any_board`) covered .93 to .97 throughout.

    Source: Hesterberg, What teachers should know about the bootstrap, The American Statistician 69(4), 2015
    (expanded percentile interval).

    Args:
        values: one value a process, board by board.
    """
    draws = [_indices(len(board), index, measure) for index, board in enumerate(values)]
    resampled = _typical([np.asarray(board)[draw] for board, draw in zip(values, draws, strict=True)])
    return _expanded(float(median(map(median, values))), resampled, [len(board) for board in values], measure)


def ratio_on_boards(
    above: Sequence[Sequence[float]],
    below: Sequence[Sequence[float]],
    measure: MeasureOptions,
    is_paired: bool,
) -> Interval:
    """Return the ratio of two such medians, with the interval of `interval_on_boards`.

    Args:
        is_paired: value i of both ran next to each other; boards of unequal counts are drawn apart.
    """
    draws = [_indices(len(board), index, measure) for index, board in enumerate(above)]
    others = [
        draw if is_paired and len(one) == len(two) else _indices(len(two), len(above) + index, measure)
        for index, (one, two, draw) in enumerate(zip(above, below, draws, strict=True))
    ]
    top = _typical([np.asarray(board)[draw] for board, draw in zip(above, draws, strict=True)])
    bottom = _typical([np.asarray(board)[draw] for board, draw in zip(below, others, strict=True)])
    value = float(median(map(median, above)) / median(map(median, below)))
    counts = [min(len(one), len(two)) for one, two in zip(above, below, strict=True)]
    return _expanded(value, top / bottom, counts, measure)


def _over_boards(metric: Metric, boards: Boards, measure: MeasureOptions) -> Metric:
    """Replace a median over all processes by that over boards; other metrics stay."""
    if metric.value is None or metric.name.endswith(("_p90_ns", "_p95_ns", "_p99_ns")):
        return metric
    values = [found for rounds in boards.values() if (found := _values(metric.name, rounds))]
    if len(values) < 2:
        return metric
    interval = interval_on_boards(values, measure)
    note = joined(metric.note.partition("; interval of confidence")[0], f"on these {len(values)} boards")
    return estimated(metric.name, interval, measure.level, sum(map(len, values)), note)


def _present(boards: Boards) -> dict[str, Sequence[Round]]:
    return {name: rounds for name, rounds in boards.items() if rounds}


def _values(name: str, rounds: Sequence[Round]) -> list[float]:
    """Return one value a process of a metric that is a median over processes."""
    return [value for one in rounds if (value := _value(name, one)) is not None]


def _value(name: str, one: Round) -> float | None:
    if name in ("load_ns", "first_call_ns"):
        return float(one[name])
    if name == "cpu_per_call_ns":
        return one["inference_cpu_ns"] / len(one["inference_ns"]) if one["inference_ns"] else None
    whole = one.get("end_to_end") or {}
    calls = {"latency_p50_ns": one["inference_ns"], "end_to_end_p50_ns": whole.get("total_ns")}
    calls |= {f"{stage}_p50_ns": whole.get(f"{stage}_ns") for stage in STAGES}
    found = calls[name]
    return float(median(found)) if found else None


def _indices(count: int, board: int, measure: MeasureOptions) -> NDArray[np.int64]:
    rng = np.random.default_rng([measure.seed, board])
    return rng.integers(count, size=(measure.resamples, count))


def _typical(boards: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (resamples,): the median over boards of each one's median over its drawn processes."""
    return np.asarray(np.median([np.median(drawn, axis=1) for drawn in boards], axis=0))


def _expanded(
    value: float, resampled: NDArray[np.float64], counts: Sequence[int], measure: MeasureOptions
) -> Interval:
    """Widen the percentile interval by what a bootstrap of few values falls short."""
    fewest, degrees = min(counts), sum(counts) - len(counts)
    if fewest < 2:
        return Interval(value, value, value, 0.0)
    reach = math.sqrt(fewest / (fewest - 1)) * student_quantile((1 + measure.level) / 2, degrees)
    tail = NormalDist().cdf(-reach)
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(value, float(low), float(high), min(measure.level, group_level(fewest, 50)))
