"""Suppression against the textbook loop, one box at a time in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.detectors.suppression import suppress


def overlap(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = [max(c[2] - c[0], 0) * max(c[3] - c[1], 0) for c in (a, b)]
    union = sum(area) - width * height
    return width * height / union if union > 0 else 0.0


def suppress_one_by_one(boxes, classes, iou_threshold, max_detections, is_class_aware):
    kept = []
    for position, box in enumerate(boxes.tolist()):
        rivals = [k for k in kept if not is_class_aware or classes[k] == classes[position]]
        if all(overlap(boxes[k].tolist(), box) <= iou_threshold for k in rivals):
            kept.append(position)
    return kept[:max_detections]


@st.composite
def scenes(draw):
    """Small integer boxes, so that overlaps are exact fractions and many of them fall together."""
    number = draw(st.integers(0, 400))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    extent = draw(st.sampled_from([8, 30, 120]))
    corner = generator.integers(0, extent, (number, 2))
    size = generator.integers(0, 20, (number, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    return boxes, generator.integers(0, draw(st.integers(1, 5)), number)


@settings(max_examples=60, deadline=None)
@given(
    scenes(),
    st.sampled_from([0.0, 0.25, 0.45, 0.5, 0.65, 1.0]),
    st.sampled_from([1, 7, 100, 1000]),
    st.booleans(),
)
def test_blocks_give_what_one_box_at_a_time_gives(scene, iou_threshold, max_detections, is_class_aware):
    boxes, classes = scene
    # Thresholds a little off every fraction of small integers, so that rounding cannot decide.
    threshold = iou_threshold + 1e-5
    expected = suppress_one_by_one(boxes, classes, threshold, max_detections, is_class_aware)
    assert suppress(boxes, classes, threshold, max_detections, is_class_aware).tolist() == expected


def test_an_overlap_of_exactly_the_threshold_is_kept():
    # Common area 1, union 2.
    boxes = np.array([[0, 0, 2, 1], [0, 0, 1, 1]], np.float32)
    assert suppress(boxes, np.zeros(2, int), 0.5, 10).tolist() == [0, 1]
    assert suppress(boxes, np.zeros(2, int), 0.49, 10).tolist() == [0]


def test_a_suppressed_box_suppresses_nobody():
    # Each overlaps its neighbour by 4/6 and the next but one by 3/7; the middle one is gone before its turn.
    boxes = np.array([[0, 0, 5, 1], [1, 0, 6, 1], [2, 0, 7, 1]], np.float32)
    assert suppress(boxes, np.zeros(3, int), 0.6, 10).tolist() == [0, 2]


def test_boxes_of_other_classes_suppress_only_when_asked():
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 4]], np.float32)
    assert suppress(boxes, np.array([0, 1]), 0.5, 10, is_class_aware=True).tolist() == [0, 1]
    assert suppress(boxes, np.array([0, 1]), 0.5, 10, is_class_aware=False).tolist() == [0]


def test_classes_are_kept_apart_at_the_float_precision_of_one_class():
    # Shifting each class by a large offset would lose these fractions of a pixel: overlaps of .52 and .48.
    boxes = np.array([[0, 0, 0.100, 1], [0, 0, 0.052, 1], [0, 0, 0.048, 1]], np.float32) + np.float32(1)
    classes = np.full(3, 79)
    assert suppress(boxes, classes, 0.5, 10).tolist() == [0, 2]


def test_boxes_without_area_and_turned_inside_out_do_no_harm():
    boxes = np.array([[3, 3, 3, 3], [3, 3, 3, 3], [5, 5, 1, 1], [0, 0, 6, 6]], np.float32)
    with np.errstate(all="raise"):
        assert suppress(boxes, np.zeros(4, int), 0.5, 10).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("max_detections", [0, 1, 5])
def test_no_more_than_asked_for_are_kept(max_detections):
    boxes = np.arange(300, dtype=np.float32)[:, None] * 10 + np.array([0, 0, 5, 5], np.float32)
    assert suppress(boxes, np.zeros(300, int), 0.5, max_detections).tolist() == list(range(max_detections))


@settings(max_examples=40, deadline=None)
@given(scenes(), st.sampled_from([0.25, 0.5, 0.7]), st.integers(1, 60), st.integers(-40, 40))
def test_what_is_kept_depends_on_nothing_but_overlaps(scene, iou_threshold, max_detections, shift):
    boxes, classes = scene
    threshold = iou_threshold + 1e-5
    kept = suppress(boxes, classes, threshold, max_detections)
    # Elsewhere, at another size, with other numbers for the classes: the same boxes.
    moved = boxes * np.float32(4) + np.float32(shift)
    assert (suppress(moved, 79 - classes, threshold, max_detections) == kept).all()
    # A lower cap keeps the beginning; what is kept suppresses none of itself.
    assert (suppress(boxes, classes, threshold, max_detections // 2) == kept[: max_detections // 2]).all()
    assert len(suppress(boxes[kept], classes[kept], threshold, max_detections)) == len(kept)
    # Class-aware suppression is suppression of each class by itself.
    alone = [np.flatnonzero(classes == one) for one in np.unique(classes)]
    of_each = [one[suppress(boxes[one], classes[one], threshold, len(boxes), False)] for one in alone]
    expected = np.sort(np.concatenate([np.empty(0, np.intp), *of_each]))[:max_detections]
    assert kept.tolist() == expected.tolist()
