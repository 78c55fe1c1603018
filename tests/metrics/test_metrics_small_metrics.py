"""Memory, size and accuracy as metrics, with notes that say how they came about."""

from __future__ import annotations

from typing import Any

import pytest

from bench.core.artifact import Artifact, FileFacts
from bench.metrics.accumulate import Scores
from bench.metrics.accuracy import accuracy_metrics, difference_metric
from bench.metrics.memory import memory_metrics
from bench.metrics.size import size_metrics
from bench.stats import Interval


def probe(peak: int, baseline: int, **changes: Any) -> dict[str, Any]:
    values = {"peak_rss_bytes": peak, "baseline_rss_bytes": baseline, "swap_bytes": 0, "method": "clear_refs"}
    return {**values, "page_size": 4096, **changes}


def test_memory_is_the_median_over_probes_and_the_share_is_of_each_probe() -> None:
    found = {m.name: m for m in memory_metrics([probe(500, 100), probe(700, 350), probe(600, 300)])}
    assert found["peak_rss_bytes"].value == 600
    assert found["baseline_rss_bytes"].value == 300
    # Shares are 400, 350 and 300: their median, not 600 - 300.
    assert found["model_rss_bytes"].value == 350
    assert found["peak_rss_bytes"].count == 3
    assert "500 to 700 bytes over 3 probes" in found["peak_rss_bytes"].note
    assert "reset after importing the runtime; pages of 4,096 bytes" in found["peak_rss_bytes"].note


def test_swapped_memory_counts_and_is_named() -> None:
    found = {m.name: m for m in memory_metrics([probe(500, 100, swap_bytes=50)])}
    assert found["peak_rss_bytes"].value == 550
    assert found["model_rss_bytes"].value == 450
    assert "up to 50 bytes of it swapped out" in found["peak_rss_bytes"].note


@pytest.mark.parametrize(("method", "words"), [("whole_life", "the reset was refused"), ("psutil", "psutil")])
def test_another_method_is_named(method: str, words: str) -> None:
    assert words in memory_metrics([probe(500, 100, method=method)])[0].note


def test_without_a_probe_memory_has_no_value() -> None:
    assert [m.value for m in memory_metrics([])] == [None, None, None]
    assert all(m.note == "not measured: no memory probe" for m in memory_metrics([]))


def test_size_is_exact() -> None:
    artifact = Artifact("a.tflite", "0" * 64, 1000, 800, FileFacts("int8"))
    assert [(m.name, m.value, m.low, m.unit) for m in size_metrics(artifact)] == [
        ("size_bytes", 1000.0, None, "bytes"),
        ("compressed_bytes", 800.0, None, "bytes"),
    ]


def test_a_statistic_without_objects_has_no_value_and_says_so() -> None:
    scores = Scores({"map_50_95": 0.5, "map_small": None}, {}, 7)
    whole, small = accuracy_metrics(scores, Interval(0.5, 0.4, 0.6, 0.95))
    assert (whole.value, whole.low, whole.high, whole.level, whole.count) == (0.5, 0.4, 0.6, 0.95, 7)
    assert (small.value, small.note, small.count) == (None, "no objects of that size", 7)
    assert accuracy_metrics(scores)[0].low is None


def test_the_difference_carries_its_interval() -> None:
    metric = difference_metric(Interval(-0.01, -0.02, 0.0, 0.95), 50)
    assert (metric.name, metric.value, metric.low, metric.high) == ("map_50_95_difference", -0.01, -0.02, 0.0)
    assert metric.note == "paired over images" and metric.count == 50
    assert difference_metric(None, 50).value is None
