"""Working points, and what changed on each image between two detectors at theirs."""

from __future__ import annotations

import numpy as np
import pytest

from bench.errors import DataError
from bench.metrics.detections import Detections
from bench.metrics.ground_truth import GroundTruth
from bench.metrics.image_changes import Boxes, check_same_objects, image_changes, overlap_of, stand
from bench.metrics.matches import Matches
from bench.metrics.matching import match
from bench.metrics.working_point import best_threshold, outcomes, threshold_of_as_many

# A detection: image id, category id, score, box. Objects: image id, category id, box, is it a crowd.
Row = tuple[int, int, float, tuple[float, float, float, float]]

NEAR, FAR, AWAY = (10, 10, 20, 20), (60, 60, 20, 20), (100, 10, 20, 20)


def truth_of(objects: list[tuple[int, int, tuple[int, int, int, int], bool]], images: int = 3) -> GroundTruth:
    """Return objects of images 1 to `images`, of categories 1 and 2."""
    box = np.array([row[2] for row in objects], np.float64).reshape(-1, 4)
    return GroundTruth(
        image_ids=np.arange(1, images + 1),
        category_ids=np.array([1, 2]),
        id=np.arange(1, len(objects) + 1),
        image=np.array([row[0] - 1 for row in objects], np.int32),
        category=np.array([row[1] - 1 for row in objects], np.int32),
        box=box,
        area=box[:, 2] * box[:, 3],
        is_crowd=np.array([row[3] for row in objects], np.bool_),
    )


TRUTH = truth_of([(1, 1, NEAR, False), (1, 2, FAR, False), (2, 1, NEAR, False), (2, 1, FAR, True)])


def detected(rows: list[Row], truth: GroundTruth = TRUTH, at: float = 0.0) -> Boxes:
    """Return a detector that found these boxes, with those that score `at` or more counting."""
    detections = Detections(
        image_id=np.array([row[0] for row in rows], np.int64),
        category_id=np.array([row[1] for row in rows], np.int32),
        score=np.array([row[2] for row in rows], np.float32),
        box=np.array([row[3] for row in rows], np.float32).reshape(-1, 4),
        image_ids=truth.image_ids,
    )
    matches = match(detections, truth)
    return Boxes(matches, detections.box[matches.row], stand(matches, at))


FIRST: list[Row] = [
    (1, 1, 0.9, NEAR),
    (1, 2, 0.8, FAR),
    (2, 1, 0.75, NEAR),
    (3, 2, 0.7, AWAY),
    (2, 2, 0.2, AWAY),
]


def test_the_best_threshold_is_that_of_the_best_f1_by_hand() -> None:
    # From .75 on: 3 found of 3 objects, nothing false: F1 1. The crowd is no object.
    assert best_threshold(detected(FIRST).matches) == pytest.approx(0.75)


def test_the_best_threshold_is_that_of_the_best_f1_by_trying_all() -> None:
    random = np.random.default_rng(3)
    boxes = [NEAR, FAR, AWAY]
    rows = [
        (
            int(random.integers(1, 4)),
            int(random.integers(1, 3)),
            float(random.integers(1, 12)) / 12,
            boxes[k % 3],
        )
        for k in range(60)
    ]
    matches = detected(rows).matches
    found, is_false = outcomes(matches)

    def f1(threshold: float) -> float:
        counts = matches.score >= threshold
        hits, wrong = np.count_nonzero(counts & (found >= 0)), np.count_nonzero(counts & is_false)
        return 2 * hits / (hits + wrong + 3)

    best = max(f1(threshold) for threshold in matches.score)
    threshold = best_threshold(matches)
    assert threshold is not None and f1(threshold) == pytest.approx(best)
    assert all(f1(other) < best for other in matches.score if other > threshold)


def test_a_detector_that_finds_nothing_has_no_threshold() -> None:
    assert best_threshold(detected([]).matches) is None
    assert best_threshold(detected([(3, 1, 0.9, NEAR)]).matches) is None


@pytest.mark.parametrize(
    ("scores", "count", "expected"),
    [
        ([0.9, 0.8, 0.7], 2, 0.8),
        ([0.9, 0.8, 0.8, 0.8, 0.7], 2, 0.9),  # one box is nearer to two than four are
        ([0.9, 0.8, 0.8, 0.7], 2, 0.8),  # as near: more are shown
        ([0.9, 0.9, 0.9], 1, 0.9),  # there is nothing above
        ([0.9, 0.8], 5, 0.8),
        ([], 5, 1.0),
    ],
)
def test_as_many_boxes_count_whatever_their_scores_mean(
    scores: list[float], count: int, expected: float
) -> None:
    rows: list[Row] = [(1, 1, score, AWAY) for score in scores]
    assert threshold_of_as_many(detected(rows).matches, count) == pytest.approx(expected)


def test_changes_of_three_images_are_those_worked_by_hand() -> None:
    second: list[Row] = [
        (1, 1, 0.3, NEAR),  # seen, but below the threshold: lost by .9 - .3
        (1, 2, 0.8, FAR),
        (2, 1, 0.8, NEAR),  # found by both
        (2, 2, 0.75, AWAY),  # raised by both, of which the first's does not count: new by (.75 - .5) / .5
        (2, 1, 0.9, FAR),  # on a crowd: no false alarm
        (3, 2, 0.6, (101, 10, 20, 20)),  # the first's false alarm, moved by a pixel
        (3, 1, 0.6, AWAY),  # of another class there: new by .2
    ]
    changes = image_changes(detected(FIRST, at=0.5), detected(second, at=0.5))
    assert changes.lost.tolist() == [1, 0, 0] and changes.gained.tolist() == [0, 0, 0]
    assert changes.object_weight == pytest.approx([0.6, 0, 0])
    assert changes.new.tolist() == [0, 1, 1] and changes.gone.tolist() == [0, 0, 0]
    assert changes.false_weight == pytest.approx([0, 0.5, 0.2])
    assert changes.size == pytest.approx([0.6, 0.5, 0.2])


def test_an_object_without_any_box_is_lost_by_its_whole_score() -> None:
    changes = image_changes(detected(FIRST, at=0.5), detected(FIRST[1:], at=0.5))
    assert changes.lost.tolist() == [1, 0, 0]
    assert changes.size == pytest.approx([0.9, 0, 0])


def test_turned_round_losses_are_gains_and_new_alarms_are_gone() -> None:
    one, two = detected(FIRST, at=0.5), detected([(1, 1, 0.6, NEAR), (3, 1, 0.6, AWAY)], at=0.4)
    there, back = image_changes(one, two), image_changes(two, one)
    assert there.lost.tolist() == back.gained.tolist() == [1, 1, 0]
    assert there.new.tolist() == back.gone.tolist() == [0, 0, 1]
    assert there.gone.tolist() == back.new.tolist() == [0, 0, 1]
    assert there.size == pytest.approx(back.size)


def test_scores_that_all_became_smaller_change_nothing() -> None:
    shrunk: list[Row] = [(image, category, score / 2, box) for image, category, score, box in FIRST]
    one, two = detected(FIRST, at=0.75), detected(shrunk)
    lower = stand(two.matches, threshold_of_as_many(two.matches, one.standing.num_boxes))
    changes = image_changes(one, Boxes(two.matches, two.box, lower))
    assert lower.threshold == pytest.approx(0.375)
    assert not changes.size.any()


def test_scores_of_one_and_above_weigh_one() -> None:
    changes = image_changes(detected([], at=1.0), detected([(3, 1, 1.0, AWAY), (3, 2, 5.0, AWAY)], at=1.0))
    assert changes.size.tolist() == [0, 0, 2]


def test_images_and_objects_must_be_the_same() -> None:
    one = detected(FIRST).matches
    other = detected(FIRST, truth_of([(1, 1, NEAR, False)])).matches
    check_same_objects(one, one)
    with pytest.raises(DataError, match="scored on other images or objects"):
        check_same_objects(one, other)


def test_overlaps_are_those_of_the_evaluation() -> None:
    from pycocotools import mask

    random = np.random.default_rng(0)
    one, two = random.uniform(0, 50, (20, 4)), random.uniform(0, 50, (30, 4))
    expected = mask.iou(one, two, np.zeros(30, np.uint8))
    assert overlap_of(one[:, None], two[None]) == pytest.approx(expected)
    assert overlap_of(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [0.0]


def test_matches_are_not_changed() -> None:
    side = detected(FIRST, at=0.5)
    before = {name: value.copy() for name, value in vars(side.matches).items()}
    image_changes(side, detected([], at=0.5))
    assert isinstance(side.matches, Matches)
    assert all(np.array_equal(before[name], value) for name, value in vars(side.matches).items())
