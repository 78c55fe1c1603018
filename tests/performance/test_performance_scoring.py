"""Scoring against pycocotools, side by side in one run: figures are printed, only equality is asserted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import (
    as_stats,
    evaluate_with_pycocotools,
    make_annotations,
    make_detections,
    write_annotations,
)

from bench.metrics.accumulate import accumulate
from bench.metrics.bootstrap import paired_difference
from bench.metrics.ground_truth import read_ground_truth
from bench.metrics.matching import match

IMAGES, DETECTIONS, RESAMPLES = 5000, 100, 1000


def cpu_seconds(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work gives, and the processor time of all threads that it took."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


@pytest.mark.performance
def test_scoring_5000_images_of_100_detections_side_by_side_with_pycocotools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations = make_annotations(0, IMAGES)
    path = write_annotations(tmp_path, annotations)
    detections = make_detections(1, annotations, DETECTIONS)
    other = make_detections(2, annotations, DETECTIONS)
    truth, reading = cpu_seconds(lambda: read_ground_truth(path, range(1, IMAGES + 1)))
    matches, matching = cpu_seconds(lambda: match(detections, truth))
    scores, accumulating = cpu_seconds(lambda: accumulate(matches))
    sibling = match(other, truth)
    _, resampling = cpu_seconds(lambda: paired_difference(matches, sibling, RESAMPLES, seed=0, level=0.95))
    oracle, reference = cpu_seconds(lambda: evaluate_with_pycocotools(annotations, detections))
    ours = reading + matching + accumulating
    with capsys.disabled():
        print(f"\n{IMAGES:,} images, {len(detections):,} detections, {len(truth.id):,} objects, CPU seconds")
        print(f"  pycocotools evaluation     {reference:7.2f}")
        print(f"  ours                       {ours:7.2f}   {reference / ours:.1f} times less")
        print(f"    read, match, accumulate  {reading:.2f}, {matching:.2f}, {accumulating:.2f}")
        print(f"  {RESAMPLES:,} paired resamples     {resampling:7.2f}   {resampling / reference:.2f} of one")
    assert as_stats(scores) == oracle.stats.tolist()
    assert np.isfinite(oracle.stats).all()
