"""Resizing against the formula written out in plain Python, against OpenCV where it is there, and by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.detectors import geometry_of, resize
from bench.detectors.bilinear import resize_bilinear
from bench.wire.description import Preprocess

sizes = st.integers(1, 150)


def random_pixels(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def real_bilinear(pixels, width, height):
    """Bilinear interpolation in real numbers, one pixel at a time: half-pixel centres, border repeated."""
    rows, columns = pixels.shape[:2]
    result = np.empty((height, width, 3))
    for y in range(height):
        sy = min(max((y + 0.5) * rows / height - 0.5, 0), rows - 1)
        y0 = math.floor(sy)
        y1 = min(y0 + 1, rows - 1)
        for x in range(width):
            sx = min(max((x + 0.5) * columns / width - 0.5, 0), columns - 1)
            x0 = math.floor(sx)
            x1 = min(x0 + 1, columns - 1)
            above = pixels[y0, x0] * (1 - (sx - x0)) + pixels[y0, x1] * (sx - x0)
            below = pixels[y1, x0] * (1 - (sx - x0)) + pixels[y1, x1] * (sx - x0)
            result[y, x] = above * (1 - (sy - y0)) + below * (sy - y0)
    return result


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_every_pixel_is_within_one_level_of_the_real_valued_formula(columns, rows, width, height):
    pixels = random_pixels(rows, columns)
    resized = resize_bilinear(pixels, width, height)
    assert resized.shape == (height, width, 3) and resized.dtype == np.uint8
    # Two roundings of weights and three of sums: a little over half a level.
    assert np.abs(resized - real_bilinear(pixels, width, height)).max() < 1


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, sizes, sizes)
def test_the_pixels_are_those_of_opencv(columns, rows, width, height):
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not a dependency; install it to compare with it")
    pixels = random_pixels(rows, columns)
    expected = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    assert (resize_bilinear(pixels, width, height) == expected).all()


def test_halving_takes_the_mean_of_four_pixels():
    pixels = np.repeat(np.array([[10, 20], [31, 40]], np.uint8)[:, :, None], 3, axis=2)
    assert resize_bilinear(pixels, 1, 1).tolist() == [[[25, 25, 25]]]


def test_enlarging_follows_half_pixel_centres():
    # Centres of four target pixels fall on -0.25, 0.25, 0.75 and 1.25 of the source.
    pixels = np.repeat(np.array([[0, 100]], np.uint8)[:, :, None], 3, axis=2)
    assert resize_bilinear(pixels, 4, 1)[0, :, 0].tolist() == [0, 25, 75, 100]


def test_nothing_is_smoothed_when_shrinking():
    # Antialiasing would make these stripes grey; samples between pixels 4k+1 and 4k+2 are white.
    stripes = np.tile(np.array([0, 255, 255, 0], np.uint8), 16)
    pixels = np.repeat(np.repeat(stripes[None, :, None], 8, axis=0), 3, axis=2)
    assert (resize_bilinear(pixels, 16, 2) == 255).all()


@pytest.mark.parametrize("value", [0, 1, 127, 254, 255])
def test_a_flat_photo_stays_as_it_is(value):
    pixels = np.full((37, 53, 3), value, np.uint8)
    assert (resize_bilinear(pixels, 160, 97) == value).all()


def test_a_photo_taller_than_one_strip_has_no_seams():
    column = np.repeat(np.arange(250, dtype=np.uint8)[:, None, None], 3, axis=2)
    resized = resize_bilinear(column, 1, 200)[:, 0, 0].astype(int)
    assert set(np.diff(resized)) <= {1, 2} and abs(resized[0] - 0.125) <= 0.5


def test_a_photo_of_the_right_size_is_not_touched_and_colours_are_swapped_for_bgr():
    photo = random_pixels(4, 6)
    rgb, _ = resize(photo, Preprocess(6, 4))
    bgr, _ = resize(photo, Preprocess(6, 4, color="bgr"))
    assert (rgb == photo).all()
    assert (bgr == photo[:, :, ::-1]).all() and bgr.flags.c_contiguous


def test_a_centred_letterbox_pads_both_sides_and_the_odd_pixel_goes_to_the_end():
    photo = np.full((5, 10, 3), 7, np.uint8)
    pixels, geometry = resize(photo, Preprocess(10, 10, resize="letterbox", pad_value=114))
    assert (geometry.pad_x, geometry.pad_y) == (0, 2)
    assert (pixels[:2] == 114).all() and (pixels[2:7] == 7).all() and (pixels[7:] == 114).all()


def test_a_top_left_letterbox_pads_only_the_end():
    photo = np.full((10, 5, 3), 7, np.uint8)
    pixels, geometry = resize(photo, Preprocess(20, 20, resize="letterbox_top_left", pad_value=0))
    assert (geometry.scale_x, geometry.pad_x, geometry.pad_y) == (2, 0, 0)
    assert (pixels[:, :10] == 7).all() and (pixels[:, 10:] == 0).all()


def test_a_photo_of_extreme_shape_keeps_at_least_one_pixel():
    pixels, geometry = resize(random_pixels(1, 1000), Preprocess(32, 32, resize="letterbox"))
    assert geometry.placed_size == (32, 1) and (pixels[geometry.pad_y] != 114).any()


@given(
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.sampled_from(["stretch", "letterbox", "letterbox_top_left"]),
)
def test_a_box_around_the_photo_in_the_input_is_a_box_around_the_photo(width, height, mode):
    geometry = geometry_of(width, height, Preprocess(640, 480, resize=mode))
    left, top = geometry.pad_x, geometry.pad_y
    right, bottom = left + width * geometry.scale_x, top + height * geometry.scale_y
    box = geometry.to_photo(np.array([[left, top, right, bottom]], np.float32))
    assert box[0].tolist() == pytest.approx([0, 0, width, height], rel=1e-4, abs=1e-3 * max(width, height))
    assert right <= 640.5 and bottom <= 480.5


def test_the_geometry_needs_no_pixels():
    preprocess = Preprocess(320, 320, resize="letterbox")
    assert geometry_of(640, 427, preprocess) == resize(random_pixels(427, 640), preprocess)[1]


@given(
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.sampled_from(["stretch", "letterbox", "letterbox_top_left"]),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
    st.sampled_from([(640, 480), (224, 224), (97, 301)]),
)
def test_a_box_of_the_photo_finds_back_through_every_geometry(width, height, mode, sides, size):
    preprocess = Preprocess(*size, resize=mode)
    geometry = geometry_of(width, height, preprocess)
    photo = np.array([sides]) * [width, height, width, height]
    placed = photo * ([geometry.scale_x, geometry.scale_y] * 2) + [geometry.pad_x, geometry.pad_y] * 2
    assert (placed >= -1e-6).all() and (placed <= np.array([*size, *size]) + 0.5).all()
    tolerance = 1e-5 * max(width, height) + 1e-3 / min(geometry.scale_x, geometry.scale_y)
    assert np.abs(geometry.to_photo(placed.astype(np.float32)) - photo).max() <= tolerance
    # A graph that undoes the letterbox itself gives fractions of the photo as fractions of the input.
    undone = (np.array([sides]) * [*size, *size]).astype(np.float32)
    assert np.abs(geometry.filling(preprocess).to_photo(undone) - photo).max() <= tolerance
