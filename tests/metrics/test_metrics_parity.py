"""Parity of two machines' detections: identical is 1 and 0, and every difference is counted once."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import DataError
from bench.metrics.detections import Detections
from bench.metrics.parity import SAME_SCORE, agree, parity_entry
from bench.stats import Interval

IMAGES = 5


def made(seed: int, count: int = 40, images: int = IMAGES, categories: int = 3) -> Detections:
    """Random detections of some images, some of them without any."""
    rng = np.random.default_rng(seed)
    return Detections(
        image_id=rng.integers(1, images + 1, count).astype(np.int64),
        category_id=rng.integers(1, categories + 1, count).astype(np.int32),
        score=rng.random(count).astype(np.float32),
        box=np.concatenate([rng.uniform(0, 500, (count, 2)), rng.uniform(20, 90, (count, 2))], axis=1).astype(
            np.float32
        ),
        image_ids=np.arange(1, images + 1, dtype=np.int64),
    )


def in_order(detections: Detections, order: np.ndarray) -> Detections:
    return Detections(
        detections.image_id[order],
        detections.category_id[order],
        detections.score[order],
        detections.box[order],
        detections.image_ids,
    )


@given(st.integers(0, 2**32 - 1), st.integers(0, 60))
def test_identical_detections_agree_wholly_whatever_their_order(seed: int, count: int) -> None:
    one = made(seed, count)
    shuffled = in_order(one, np.random.default_rng(seed).permutation(count))
    found = agree(one, shuffled)
    assert (found.share_equal, found.share_matched, found.num_differing) == (1.0, 1.0, 0)
    assert found.largest_score_difference == (0.0 if count else None)


@given(st.integers(0, 2**32 - 1), st.integers(0, 40), st.integers(0, 40))
def test_neither_side_is_special(seed: int, first: int, second: int) -> None:
    base = made(seed, first + second)
    one = in_order(base, np.arange(first))
    nudged = replace(base, score=np.minimum(base.score + np.float32(0.004), 1))
    two = in_order(nudged, np.arange(first // 2, first + second))
    ahead, behind = agree(one, two), agree(two, one)
    assert (ahead.num_boxes, ahead.num_reference) == (behind.num_reference, behind.num_boxes)
    assert (ahead.num_equal, ahead.num_matched) == (behind.num_equal, behind.num_matched)
    assert ahead.differing_images == behind.differing_images
    assert ahead.largest_score_difference == behind.largest_score_difference
    assert 0 <= ahead.share_equal <= ahead.share_matched <= 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_scores_moved_by_less_than_the_bound_are_the_same_box_and_not_equal(seed: int, count: int) -> None:
    one = made(seed, count)
    two = replace(one, score=one.score + np.float32(0.5 * SAME_SCORE))
    found = agree(two, one)
    assert (found.share_equal, found.share_matched) == (0.0, 1.0)
    assert found.largest_score_difference == pytest.approx(0.5 * SAME_SCORE, abs=1e-6)
    assert found.num_differing == len(np.unique(one.image_id))


def pair(score: float = 0.5, box: tuple[float, ...] = (10, 10, 100, 100), category: int = 1) -> Detections:
    """One box on the first of two images."""
    return Detections(
        np.array([1], np.int64),
        np.array([category], np.int32),
        np.array([score], np.float32),
        np.array([box], np.float32),
        np.array([1, 2], np.int64),
    )


@pytest.mark.parametrize(
    ("other", "equal", "matched", "largest"),
    [
        (pair(), 1.0, 1.0, 0.0),
        # 100 x 100 against 100 x 100.5: 10,000 of 10,050 shared.
        (pair(box=(10, 10, 100, 100.5)), 0.0, 1.0, 0.0),
        # Against 100 x 102: 10,000 of 10,200 shared, .98.
        (pair(box=(10, 10, 100, 102)), 0.0, 0.0, None),
        (pair(score=0.52), 0.0, 0.0, 0.02),
        (pair(score=0.505), 0.0, 1.0, 0.005),
        (pair(category=2), 0.0, 0.0, None),
    ],
)
def test_a_hand_made_box_against_another(
    other: Detections, equal: float, matched: float, largest: float | None
) -> None:
    found = agree(pair(), other)
    assert (found.share_equal, found.share_matched) == (equal, matched)
    expected = None if largest is None else pytest.approx(largest, abs=1e-6)
    assert found.largest_score_difference == expected
    assert found.num_differing == (0 if equal else 1) and found.num_images == 2


def test_a_box_that_is_there_twice_has_one_partner_only() -> None:
    twice = in_order(pair(), np.array([0, 0]))
    found = agree(twice, pair())
    assert (found.num_equal, found.num_matched) == (1, 1)
    assert found.share_equal == pytest.approx(2 / 3) and found.num_differing == 1


def test_boxes_without_area_and_minus_zero_are_no_trouble() -> None:
    flat, minus = pair(box=(0, 0, 0, 0)), pair(box=(-0.0, 0, 0, 0))
    assert agree(flat, minus).share_equal == 1.0
    assert agree(flat, pair(box=(0, 0, 0, 1))).share_matched == 0.0


def test_other_images_are_an_error() -> None:
    with pytest.raises(DataError, match="not the same; measure accuracy on the same data set"):
        agree(pair(), replace(pair(), image_ids=np.array([1, 3], np.int64)))


def test_the_entry_of_a_record_is_plain_and_whole() -> None:
    entry = parity_entry("local", "m/int8/litert/t1@local", agree(pair(), pair()), Interval(0, 0, 0, 0.95))
    assert entry["share_equal"] == 1.0 and entry["difference"]["value"] == 0
    assert entry["num_differing"] == 0 and entry["differing_images"] == []
    assert parity_entry("local", "x", agree(pair(), pair()), None)["difference"] is None


@pytest.mark.slow
def test_a_whole_data_set_is_compared_in_seconds() -> None:
    one = made(1, 500_000, 5000, 80)
    two = replace(one, score=one.score + np.float32(0.001))
    start = time.perf_counter()
    assert agree(one, two).share_matched > 0.99
    print(f"\n500,000 boxes of 5,000 images, all of them moved: {time.perf_counter() - start:.1f} s")
