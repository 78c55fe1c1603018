"""How often bounds of one class's AP change miss the truth, on data sets drawn anew: a table.

That of the docstring of `bench.gating.classes` took 1,404 draws of the first row and 300 of the second.

`BENCH_COVERAGE_TRIALS` sets the number of draws a row (60).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections
from drawn_matches import draw, rows_by_image

from bench.gating import accuracy, classes
from bench.metrics.matching import match
from bench.metrics.resample import ApKind, resampled_aps

TRIALS = int(os.environ.get("BENCH_COVERAGE_TRIALS", "60"))
POPULATION, RESAMPLES = 3000, 200
ERRORS = (0.05, 0.01, 0.001, 0.00025)
# Three thresholds of the ten, for speed; fewer vary more.
KIND = ApKind(overlaps=(3, 6))
NUM_PHOTOS = ((2, 3), (4, 5), (6, 15), (16, POPULATION))


def simulate(num_images: int, num_classes: int) -> dict[tuple[int, int], list[list[list[bool]]]]:
    """Return for each range of photos with the class: of each draw, side and error whether it missed."""
    truth = make_annotations(11, POPULATION, num_categories=num_classes, objects=2.5)
    objects = as_ground_truth(truth)
    sides = [match(make_detections(1 + n, truth, 12, 0.12 + 0.01 * n), objects) for n in (0, 1)]
    rows = [[rows_by_image(ids, POPULATION) for ids in (side.image, side.truth_image)] for side in sides]
    whole = np.ones((1, POPULATION), np.int32)
    true = np.subtract(*(resampled_aps(side, whole, KIND)[0] for side in reversed(sides)))
    rng = np.random.default_rng(3)
    missed: dict[tuple[int, int], list[list[list[bool]]]] = {photos: [] for photos in NUM_PHOTOS}
    for trial in range(TRIALS):
        images = rng.integers(POPULATION, size=num_images)
        drawn = [draw(side, *of_side, images) for side, of_side in zip(sides, rows, strict=True)]
        for found in classes.class_changes(drawn[0], drawn[1], "map_50_95", RESAMPLES, trial):
            if found.change is None or found.change.is_same_data:
                continue
            bounds = [found.change.bounds(error) for error in ERRORS]
            expected = true[found.category]
            photos = next(ends for ends in NUM_PHOTOS if ends[0] <= found.num_images <= ends[1])
            missed[photos].append(
                [[low > expected for low, _ in bounds], [high < expected for _, high in bounds]]
            )
    return missed


@pytest.mark.performance
def test_coverage_of_bounds_of_single_classes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(accuracy.AP_KINDS, "map_50_95", KIND)
    monkeypatch.setattr(classes, "LEAST_IMAGES", 2)
    with capsys.disabled():
        print(f"\n  missed in {TRIALS} draws at {ERRORS}: photos with the class, classes, share")
        for num_images, num_classes in ((100, 12), (150, 40)):
            for (least, most), missed in simulate(num_images, num_classes).items():
                shares = np.mean(missed, axis=0).max(axis=0) if missed else np.zeros(len(ERRORS))
                print(
                    f"    {num_images} {num_classes:3}  {least:3}-{most:4} {len(missed):6}  {shares.round(4)}"
                )
                assert least < 6 or shares[0] <= 0.05 + 3 * (0.05 / max(len(missed), 1)) ** 0.5
