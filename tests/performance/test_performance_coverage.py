"""How often bounds of a paired AP change miss the truth, on data sets drawn anew: a table.

That of the docstring of `bench.gating.accuracy` took 300 to 1,500 draws a row.

`BENCH_COVERAGE_TRIALS` sets the number of draws a row (60).
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections

from bench.gating import accuracy
from bench.gating.accuracy import ApChange, change_between, sample_aps
from bench.metrics.matches import Matches
from bench.metrics.matching import match
from bench.metrics.resample import ApKind, resampled_aps

TRIALS = int(os.environ.get("BENCH_COVERAGE_TRIALS", "60"))
POPULATION, RESAMPLES = 3000, 200
ERRORS = (0.05, 0.01, 0.00025)
# Three thresholds of the ten, for speed; fewer vary more.
KIND = ApKind(overlaps=(3, 6))


def rows_by_image(column: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    """Return the rows of each image."""
    order = np.argsort(column, kind="stable")
    return np.split(order, np.searchsorted(column[order], np.arange(1, POPULATION)))


def draw(matches: Matches, detected: list, held: list, images: NDArray[np.int64]) -> Matches:  # type: ignore[type-arg]
    """Return the matches of drawn images, each draw an image of its own."""
    row = np.concatenate([detected[image] for image in images])
    of_row = np.repeat(np.arange(len(images)), [len(detected[image]) for image in images])
    order = np.lexsort((row, matches.category[row]))
    row, of_row = row[order], of_row[order]
    truth = np.concatenate([held[image] for image in images])
    of_truth = np.repeat(np.arange(len(images)), [len(held[image]) for image in images])
    as_candidate = np.full(len(matches.image), -1)
    as_candidate[matches.candidate] = np.arange(len(matches.candidate))
    is_candidate = as_candidate[row] >= 0
    # Which copy of an object was matched matters not: copies are ignored alike.
    new_row = np.zeros(len(matches.truth_id), np.int64)
    new_row[truth] = np.arange(len(truth))
    matched = matches.matched[as_candidate[row[is_candidate]]]
    return replace(
        matches,
        image_ids=np.arange(len(images)),
        **{name: getattr(matches, name)[row] for name in ("row", "category", "score", "rank", "outside")},
        image=of_row.astype(np.int32),
        candidate=np.flatnonzero(is_candidate),
        matched=np.where(matched >= 0, new_row[matched], -1),
        **{name: getattr(matches, name)[truth] for name in ("truth_id", "truth_category", "truth_ignored")},
        truth_image=of_truth.astype(np.int32),
    )


def simulate(num_images: int, num_categories: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (trials, errors): the shares of misses of the worse side, of a normal bound and of ours."""
    truth = make_annotations(11, POPULATION, num_categories=num_categories, objects=2.5)
    objects = as_ground_truth(truth)
    sides = [match(make_detections(1 + n, truth, 12, 0.12 + 0.01 * n), objects) for n in (0, 1)]
    rows = [(rows_by_image(side.image), rows_by_image(side.truth_image)) for side in sides]
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
