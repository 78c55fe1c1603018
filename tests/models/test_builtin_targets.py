"""Target assignment, augmentation and resizing of the built-in detector, by hand-worked examples."""

import itertools

import numpy as np
import pytest

from bench.models.builtin import prepare, training_batches
from bench.models.builtin.batches import turn
from bench.models.builtin.description import DESCRIPTION, GRID
from bench.models.builtin.images import load_training_set, resize_bilinear
from bench.models.builtin.targets import cell_centres, make_targets

SQUARE_IMAGE = (160, 160)


def targets_of(boxes, classes, image_size=SQUARE_IMAGE):
    return make_targets(np.array(boxes, dtype=float), np.array(classes), image_size)


def test_cells_run_row_by_row():
    assert cell_centres()[:2].tolist() == [[4, 4], [12, 4]]
    assert cell_centres()[GRID].tolist() == [4, 12]


def test_a_box_is_answered_for_by_the_cells_near_its_centre():
    # x 8..24 and y 0..16: the four cells with centres at x 12, 20 and y 4, 12 lie inside.
    targets = targets_of([[8, 0, 16, 16]], [5])
    assert np.flatnonzero(targets[:, 0] >= 0).tolist() == [1, 2, GRID + 1, GRID + 2]
    # cell 1 has its centre at (12, 4): 4 px to the left edge, 4 up, 12 right, 12 down, in strides of 8
    assert targets[1].tolist() == [5, 0.5, 0.5, 1.5, 1.5]
    assert targets[GRID + 2].tolist() == [5, 1.5, 1.5, 0.5, 0.5]


def test_a_large_box_is_answered_for_within_one_and_a_half_strides_only():
    targets = targets_of([[0, 0, 160, 160]], [0])
    rows, columns = np.divmod(np.flatnonzero(targets[:, 0] >= 0), GRID)
    assert set(rows) == set(columns) == {9, 10}


def test_where_boxes_overlap_the_smaller_one_wins_whatever_their_order():
    large, small = [40, 40, 80, 80], [72, 72, 16, 16]
    for boxes, classes in (([large, small], [1, 2]), ([small, large], [2, 1])):
        targets = targets_of(boxes, classes)
        inside = [9 * GRID + 9, 9 * GRID + 10, 10 * GRID + 9, 10 * GRID + 10]
        assert targets[inside, 0].tolist() == [2, 2, 2, 2]


def test_a_box_without_a_cell_centre_gets_the_nearest_cell_and_keeps_its_true_edges():
    # x 5..11: the nearest centre is 4 or 12, both 4 px away; the first is taken and lies outside.
    targets = targets_of([[5, 2, 6, 6]], [3])
    assert np.flatnonzero(targets[:, 0] >= 0).tolist() == [0]
    assert targets[0].tolist() == [3, -0.125, 0.25, 0.875, 0.5]


def test_boxes_are_stretched_with_the_image():
    stretched = targets_of([[16, 0, 32, 24]], [5], image_size=(320, 240))
    assert np.allclose(stretched, targets_of([[8, 0, 16, 16]], [5]))


def test_an_image_without_objects_has_background_only():
    targets = targets_of(np.zeros((0, 4)), np.zeros(0, int))
    assert targets.shape == (400, 5)
    assert (targets[:, 0] == -1).all()


@pytest.mark.parametrize("mirror_x, mirror_y, swap", list(itertools.product([False, True], repeat=3)))
def test_turning_an_image_turns_its_targets_as_if_its_boxes_had_been_turned(mirror_x, mirror_y, swap):
    image = np.zeros((160, 160, 3), np.uint8)
    x, y, width, height = 30, 41, 50, 24
    image[y : y + height, x : x + width] = 255
    turned, targets = turn(image, targets_of([[x, y, width, height]], [6]), mirror_x, mirror_y, swap)
    rows, columns = np.nonzero(turned[..., 0])
    box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    assert np.allclose(targets, targets_of([box], [6]))


def test_batches_repeat_with_their_seed_and_differ_without_it():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 160, 160, 3), dtype=np.uint8)
    targets = np.stack([targets_of([[10 * i, 20, 40, 50]], [i]) for i in range(6)])
    streams = [training_batches(images, targets, 2, seed) for seed in (1, 1, 2)]
    for _ in range(4):
        one, same, other = (next(stream) for stream in streams)
        assert np.array_equal(one[0], same[0]) and np.array_equal(one[1], same[1])
        assert not np.array_equal(one[0], other[0])
        assert one[0].shape == (2, 160, 160, 3) and one[1].shape == (2, 400, 5)
        assert one[0].min() >= -1 and one[0].max() <= 1


def test_halving_averages_two_by_two_pixels_and_rounds():
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    expected = np.rint(image.reshape(4, 2, 6, 2, 3).mean(axis=(1, 3)))
    assert np.array_equal(resize_bilinear(image, 6, 4), expected)


def test_resizing_to_the_same_size_changes_nothing_and_black_and_white_span_the_input_range():
    image = np.zeros((160, 160, 3), np.uint8)
    image[80:] = 255
    assert np.array_equal(resize_bilinear(image), image)
    assert prepare(image).min() == -1 and prepare(image).max() == 1


def test_a_training_set_is_named_by_the_hash_of_its_scenes():
    from bench.datasets.rendered import render_scene

    one, same, other = (load_training_set(render_scene, "train", 3, seed, processes=1) for seed in (0, 0, 1))
    assert one.images.shape == (3, 160, 160, 3) and one.targets.shape == (3, 400, 5)
    assert one.sha256 == same.sha256 != other.sha256


def test_the_description_agrees_with_the_rendered_categories():
    from bench.datasets.rendered import CLASS_NAMES

    assert DESCRIPTION["class_names"] == list(CLASS_NAMES)
    assert DESCRIPTION["category_ids"] == list(range(1, len(CLASS_NAMES) + 1))
