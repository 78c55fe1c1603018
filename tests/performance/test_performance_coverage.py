"""How often bounds of a paired AP change miss the truth, on data sets drawn anew: a table.

That of the docstring of `bench.gating.accuracy` took 300 to 1,500 draws a row.

`BENCH_COVERAGE_TRIALS` sets the number of draws a row (60).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections
from drawn_matches import draw, rows_by_image

from bench.gating import accuracy
from bench.gating.accuracy import ApChange, change_between, sample_aps
from bench.metrics.matching import match
from bench.metrics.resample import ApKind, resampled_aps

TRIALS = int(os.environ.get("BENCH_COVERAGE_TRIALS", "60"))
POPULATION, RESAMPLES = 3000, 200
ERRORS = (0.05, 0.01, 0.00025)
# Three thresholds of the ten, for speed; fewer vary more.
KIND = ApKind(overlaps=(3, 6))


def simulate(num_images: int, num_categories: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (trials, errors): the shares of misses of the worse side, of a normal bound and of ours."""
    truth = make_annotations(11, POPULATION, num_categories=num_categories, objects=2.5)
    objects = as_ground_truth(truth)
    sides = [match(make_detections(1 + n, truth, 12, 0.12 + 0.01 * n), objects) for n in (0, 1)]
    rows = [
        (rows_by_image(side.image, POPULATION), rows_by_image(side.truth_image, POPULATION)) for side in sides
    ]
    everything = np.ones((1, POPULATION), np.int32)
    true = np.subtract(*(resampled_aps(side, everything, KIND)[0] for side in reversed(sides)))
    rng = np.random.default_rng(3)
    ours, normal = np.zeros((2, len(ERRORS))), np.zeros((2, len(ERRORS)))
    for trial in range(TRIALS):
        images = rng.integers(POPULATION, size=num_images)
        samples = [
            sample_aps(draw(side, *of_side, images), "map_50_95", RESAMPLES, trial)
            for side, of_side in zip(sides, rows, strict=True)
        ]
        change = change_between(*samples)
        expected = true[samples[0].num_images > 0].mean()
        # The plain bootstrap of the mean, as a normal bound has it.
        plain = np.nanstd(np.nanmean((samples[1].aps - samples[0].aps)[1:], axis=1), ddof=1)
        ours += missed(change, expected)
        normal += [
            [z > NormalDist().inv_cdf(1 - error) for error in ERRORS]
            for z in ((change.value - expected) / plain, (expected - change.value) / plain)
        ]
    return normal.max(axis=0) / TRIALS, ours.max(axis=0) / TRIALS


def missed(change: ApChange, expected: float) -> list[list[bool]]:
    """Return for the lower and the upper bound whether they miss, at each error."""
    bounds = [change.bounds(error) for error in ERRORS]
    return [[low > expected for low, _ in bounds], [high < expected for _, high in bounds]]


@pytest.mark.performance
def test_coverage_of_paired_ap_bounds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(accuracy.AP_KINDS, "map_50_95", KIND)
    with capsys.disabled():
        print(f"\n  missed in {TRIALS} draws at {ERRORS}: photos, categories, normal bound, ours")
        for num_images, num_categories in ((100, 8), (500, 8), (100, 80), (500, 80)):
            normal, ours = simulate(num_images, num_categories)
            print(f"    {num_images} {num_categories:3}   {normal.round(4)}   {ours.round(4)}")
            assert ours[0] <= 0.05 + 3 * (0.05 / TRIALS) ** 0.5
