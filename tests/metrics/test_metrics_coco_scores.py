"""The twelve statistics are those of pycocotools, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from coco_strategies import crowded_images, data_sets
from coco_synthetic import (
    as_ground_truth,
    as_stats,
    evaluate_with_pycocotools,
    make_annotations,
    make_detections,
    make_detections_of,
    make_truth_of,
    write_annotations,
)
from hypothesis import given, settings

from bench.core.metric import METRICS
from bench.errors import DataError
from bench.metrics.accumulate import Scores, accumulate
from bench.metrics.detections import Detections
from bench.metrics.ground_truth import read_ground_truth
from bench.metrics.matching import match


def score(truth: dict[str, Any], detections: Detections) -> Scores:
    return accumulate(match(detections, as_ground_truth(truth)))


@settings(max_examples=80, deadline=None)
@given(data_sets())
def test_any_small_data_set_scores_as_pycocotools_scores_it(case: tuple[dict[str, Any], Detections]) -> None:
    truth, detections = case
    assert as_stats(score(truth, detections)) == evaluate_with_pycocotools(truth, detections).stats.tolist()


@settings(max_examples=40, deadline=None)
@given(crowded_images())
def test_competition_within_one_image_ends_as_in_pycocotools(
    case: tuple[dict[str, Any], Detections],
) -> None:
    truth, detections = case
    assert as_stats(score(truth, detections)) == evaluate_with_pycocotools(truth, detections).stats.tolist()


@pytest.mark.parametrize("levels", [None, 32])
def test_a_realistic_data_set_scores_as_pycocotools_scores_it(levels: int | None) -> None:
    truth = make_annotations(3, num_images=60, num_categories=9)
    detections = make_detections(4, truth)
    if levels:
        coarse = np.round(detections.score * levels) / np.float32(levels)
        detections = Detections(**{**vars(detections), "score": coarse.astype(np.float32)})
    oracle = evaluate_with_pycocotools(truth, detections)
    scores = score(truth, detections)
    assert as_stats(scores) == oracle.stats.tolist()
    assert min(as_stats(scores)) > 0.05, "all sizes and caps should be at work"
    precision = oracle.eval["precision"][:, :, :, 0, 2]
    for index, category_id in enumerate(oracle.params.catIds):
        of_class = precision[:, :, index]
        expected = of_class.mean() if (of_class > -1).all() else None
        assert scores.per_class[category_id] == expected
    assert None in scores.per_class.values()


def test_more_than_100_detections_of_a_category_are_cut_as_in_pycocotools() -> None:
    truth = make_annotations(5, num_images=4, num_categories=2, objects=30)
    detections = make_detections(6, truth, per_image=400)
    oracle = evaluate_with_pycocotools(truth, detections)
    assert as_stats(score(truth, detections)) == oracle.stats.tolist()


def test_two_boxes_worked_by_hand() -> None:
    # One object found exactly at .9 and one object missed; the second box, at .8, is a false positive.
    # Precision is 1 up to recall .5 (51 of 101 recall points) and 0 beyond; recall is 1 of 2.
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0), (1, 1, [200, 200, 40, 40], 0)], [1], [1])
    detections = make_detections_of([(1, 1, 0.9, [0, 0, 40, 40]), (1, 1, 0.8, [100, 0, 40, 40])], [1])
    scores = score(truth, detections)
    assert scores.stats["map_50_95"] == pytest.approx(51 / 101)
    assert scores.stats["mar_1"] == scores.stats["mar_100"] == 0.5
    assert scores.stats["map_medium"] == pytest.approx(51 / 101)
    assert scores.stats["map_small"] is None and scores.stats["mar_large"] is None


def test_an_overlap_worked_by_hand_counts_up_to_its_threshold() -> None:
    # 40 x 40 against 40 x 28 of it: overlap .7, so a hit at the five thresholds .50 to .70 of ten.
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [1], [1])
    scores = score(truth, make_detections_of([(1, 1, 0.9, [0, 0, 40, 28])], [1]))
    assert scores.stats["map_50_95"] == pytest.approx(0.5)
    assert (scores.stats["map_50"], scores.stats["map_75"]) == (pytest.approx(1.0), 0.0)


def test_statistics_carry_the_names_of_metrics_in_the_order_of_pycocotools() -> None:
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [1], [1])
    names = list(score(truth, make_detections_of([], [1])).stats)
    assert names == list(METRICS)[:12]


def test_no_detections_at_all_is_a_score_of_zero_and_no_objects_is_none() -> None:
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [1, 2], [1, 2])
    scores = score(truth, make_detections_of([], [1, 2]))
    assert scores.stats["map_50_95"] == 0.0
    assert scores.per_class == {1: 0.0, 2: None}
    nothing = score(make_truth_of([], [1], [1]), make_detections_of([(1, 1, 0.5, [0, 0, 9, 9])], [1]))
    assert set(nothing.stats.values()) == {None}


def test_a_limit_of_images_is_scored_as_pycocotools_scores_that_part(tmp_path) -> None:
    truth = make_annotations(7, num_images=40, num_categories=5)
    detections = make_detections(8, truth, per_image=30)
    chosen = [4, 9, 17, 33, 21]
    rows = np.isin(detections.image_id, chosen)
    part = Detections(
        detections.image_id[rows],
        detections.category_id[rows],
        detections.score[rows],
        detections.box[rows],
        np.array(chosen),
    )
    ours = accumulate(match(part, read_ground_truth(write_annotations(tmp_path, truth), chosen)))
    assert as_stats(ours) == evaluate_with_pycocotools(truth, detections, chosen).stats.tolist()


def test_detections_of_categories_without_a_name_are_left_out() -> None:
    truth = make_truth_of([(1, 3, [0, 0, 40, 40], 0)], [1], [3])
    detections = make_detections_of([(1, 2, 0.9, [0, 0, 40, 40]), (1, 3, 0.8, [0, 0, 40, 40])], [1])
    assert score(truth, detections).stats["map_50_95"] == pytest.approx(1.0)


def test_an_annotation_with_id_0_can_be_found() -> None:
    truth = make_truth_of([(1, 3, [0, 0, 40, 40], 0)], [1], [3])
    truth["annotations"][0]["id"] = 0
    detections = make_detections_of([(1, 3, 0.8, [0, 0, 40, 40])], [1])
    assert score(truth, detections).stats["map_50_95"] == pytest.approx(1.0)
    # The reason why this is a difference and not an error of ours.
    assert evaluate_with_pycocotools(truth, detections).stats[0] == 0.0


def test_images_that_were_not_run_are_an_error_and_not_a_lower_score() -> None:
    truth = as_ground_truth(make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [1, 2, 3], [1]))
    with pytest.raises(DataError, match=r"2 of 3 evaluated images were not run \(first: 2\)"):
        match(make_detections_of([], [1]), truth)
    with pytest.raises(DataError, match="image 9 was run but is not evaluated"):
        match(make_detections_of([], [1, 2, 3, 9]), truth)
