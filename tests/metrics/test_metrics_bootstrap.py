"""A resample scores as pycocotools scores the resampled data set; intervals follow from resamples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coco_strategies import data_sets
from coco_synthetic import (
    as_ground_truth,
    evaluate_with_pycocotools,
    make_annotations,
    make_detections,
    make_detections_of,
    make_truth_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import DataError
from bench.metrics.accumulate import accumulate
from bench.metrics.bootstrap import bootstrap_map, paired_class_differences, paired_difference
from bench.metrics.detections import Detections
from bench.metrics.matching import match
from bench.metrics.resample import draw_weights, resampled_aps, resampled_maps


def resampled(
    truth: dict[str, Any], detections: Detections, weights: list[int]
) -> tuple[dict[str, Any], Detections]:
    """Build the data set in which an image drawn twice is two images."""
    annotations, rows, image_ids = [], [], []
    for image_id, times in zip(sorted(image["id"] for image in truth["images"]), weights, strict=True):
        for _ in range(times):
            copy = len(image_ids) + 1
            image_ids.append(copy)
            annotations += [
                {**item, "id": len(annotations) + 1 + index, "image_id": copy}
                for index, item in enumerate(
                    one for one in truth["annotations"] if one["image_id"] == image_id
                )
            ]
            rows += [
                (
                    copy,
                    int(detections.category_id[row]),
                    float(detections.score[row]),
                    detections.box[row].tolist(),
                )
                for row in np.flatnonzero(detections.image_id == image_id)
            ]
    images = [{"id": image_id} for image_id in image_ids]
    return {**truth, "images": images, "annotations": annotations}, make_detections_of(rows, image_ids)


def without_ties(detections: Detections) -> Detections:
    """Replace scores by places in the order of the full evaluation, which breaks ties once and for all."""
    order = np.lexsort((np.arange(len(detections)), detections.image_id, -detections.score))
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return Detections(**{**vars(detections), "score": (1 - place / 1024).astype(np.float32)})


def brute_force(truth: dict[str, Any], detections: Detections, weights: list[int]) -> float:
    return float(evaluate_with_pycocotools(*resampled(truth, detections, weights)).stats[0])


@settings(max_examples=50, deadline=None)
@given(data_sets(), st.lists(st.integers(0, 3), min_size=4, max_size=4).filter(any))
def test_a_resample_scores_as_pycocotools_scores_the_resampled_data_set(
    case: tuple[dict[str, Any], Detections], weights: list[int]
) -> None:
    truth, detections = case
    matches = match(detections, as_ground_truth(truth))
    ours = resampled_maps(resampled_aps(matches, np.array([weights], np.int32)))[0]
    expected = brute_force(truth, without_ties(detections), weights)
    assert (-1.0 if np.isnan(ours) else ours) == pytest.approx(expected, abs=1e-12)


def test_realistic_resamples_score_as_pycocotools_scores_them() -> None:
    truth = make_annotations(21, num_images=25, num_categories=4)
    detections = make_detections(22, truth, per_image=40)
    weights = draw_weights(25, 4, seed=1)
    assert (weights.sum(axis=1) == 25).all() and weights.max() > 1
    ours = resampled_maps(resampled_aps(match(detections, as_ground_truth(truth)), weights))
    # Scores without ties need no replacement: this is the data set as it is.
    assert len(np.unique(detections.score)) == len(detections)
    expected = [brute_force(truth, detections, draw.tolist()) for draw in weights]
    assert ours == pytest.approx(expected, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(data_sets())
def test_a_data_set_taken_twice_scores_as_once(case: tuple[dict[str, Any], Detections]) -> None:
    truth, detections = case
    matches = match(detections, as_ground_truth(truth))
    once, twice = resampled_maps(resampled_aps(matches, np.array([[1] * 4, [2] * 4], np.int32)))
    value = accumulate(matches).stats["map_50_95"]
    assert [once, twice] == pytest.approx([np.nan if value is None else value] * 2, abs=1e-12, nan_ok=True)


def test_blocks_of_resamples_do_not_change_what_they_score(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = make_annotations(23, num_images=12, num_categories=3)
    matches = match(make_detections(24, truth, per_image=30), as_ground_truth(truth))
    weights = draw_weights(12, 20, seed=2)
    whole = resampled_aps(matches, weights)
    monkeypatch.setattr("bench.metrics.resample._BLOCK", 400)
    assert np.array_equal(resampled_aps(matches, weights), whole, equal_nan=True)


def test_a_category_that_vanishes_leaves_the_mean_of_that_resample() -> None:
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0), (2, 2, [0, 0, 40, 40], 0)], [1, 2], [1, 2])
    matches = match(make_detections_of([(1, 1, 0.9, [0, 0, 40, 40])], [1, 2]), as_ground_truth(truth))
    aps = resampled_aps(matches, np.array([[1, 1], [2, 0], [0, 2], [0, 0]], np.int32))
    assert aps == pytest.approx(np.array([[1, 0], [1, np.nan], [np.nan, 0], [np.nan, np.nan]]), nan_ok=True)
    assert resampled_maps(aps) == pytest.approx([0.5, 1, 0, np.nan], nan_ok=True)


def test_the_difference_is_paired_and_its_interval_is_that_of_brute_force() -> None:
    truth = make_annotations(25, num_images=12, num_categories=2)
    sides = [
        make_detections(seed, truth, per_image=25, noise=noise) for seed, noise in ((26, 0.2), (27, 0.1))
    ]
    matches = [match(side, as_ground_truth(truth)) for side in sides]
    interval = paired_difference(*matches, resamples=12, seed=5, level=0.9)
    draws = draw_weights(12, 12, seed=5)
    ours, theirs = ([brute_force(truth, side, draw.tolist()) for draw in draws] for side in sides)
    differences = np.subtract(ours, theirs)
    full = [evaluate_with_pycocotools(truth, side).stats[0] for side in sides]
    assert interval.value == full[0] - full[1]
    assert (interval.low, interval.high) == pytest.approx(np.quantile(differences, [0.05, 0.95]), abs=1e-12)
    assert interval.level == 0.9
    alone = bootstrap_map(matches[0], resamples=12, seed=5, level=0.9)
    assert alone.value == full[0]
    assert (alone.low, alone.high) == pytest.approx(np.quantile(ours, [0.05, 0.95]), abs=1e-12)


def test_a_model_does_not_differ_from_itself_and_a_worse_one_does() -> None:
    truth = make_annotations(28, num_images=80, num_categories=3)
    good = match(make_detections(29, truth, per_image=40, noise=0.05), as_ground_truth(truth))
    bad = match(make_detections(29, truth, per_image=40, noise=0.15), as_ground_truth(truth))
    same = paired_difference(good, good, resamples=50, seed=0, level=0.95)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    assert paired_difference(bad, good, resamples=200, seed=0, level=0.95).high < -0.1
    by_class = paired_class_differences(bad, good, resamples=200, seed=0, level=0.95)
    assert set(by_class) == {category["id"] for category in truth["categories"]}
    present = {item["category_id"] for item in truth["annotations"]}
    assert len(present) >= 2
    assert all(by_class[category_id].high < 0 for category_id in present)


def test_a_seed_repeats_the_interval() -> None:
    truth = make_annotations(30, num_images=20, num_categories=3)
    matches = match(make_detections(31, truth, per_image=20), as_ground_truth(truth))
    first, again, other = (bootstrap_map(matches, resamples=50, seed=seed, level=0.95) for seed in (1, 1, 2))
    assert first == again != other


def test_without_objects_there_is_no_interval() -> None:
    matches = match(make_detections_of([], [1]), as_ground_truth(make_truth_of([], [1], [1])))
    assert bootstrap_map(matches, resamples=10, seed=0, level=0.95) is None
    assert paired_difference(matches, matches, resamples=10, seed=0, level=0.95) is None
    assert paired_class_differences(matches, matches, resamples=10, seed=0, level=0.95) == {1: None}


def test_sides_scored_against_different_objects_are_refused() -> None:
    first = as_ground_truth(make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [1], [1]))
    second = as_ground_truth(make_truth_of([(1, 1, [0, 0, 40, 40], 1)], [1], [1]))
    none = make_detections_of([], [1])
    with pytest.raises(DataError, match="`truth_ignored` differs; score both against the same annotations"):
        paired_difference(match(none, first), match(none, second), resamples=10, seed=0, level=0.95)
