"""Every interpolation against its definition written out as a matrix of weights in plain Python."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.detectors import geometry_of, resize
from bench.detectors.resampling import resample
from bench.wire.description import Preprocess

INTERPOLATIONS = ("bilinear", "nearest", "area", "bilinear_antialias")
sides = st.integers(1, 40)


def random_pixels(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def weights(source, target, weight_of):
    """Return (target, source) weights, each row adding up to 1."""
    matrix = np.array(
        [[float(weight_of(i, j, Fraction(source, target))) for j in range(source)] for i in range(target)]
    )
    return matrix / matrix.sum(axis=1, keepdims=True)


def coverage(target, source, scale):
    """How much of a source pixel lies within a target pixel."""
    return max(0.0, min((target + 1) * scale, source + 1) - max(target * scale, source))


def triangle(target, source, scale):
    """A triangle around the target's centre, two target pixels wide but no less than two source ones."""
    return max(0.0, 1 - abs(source + 0.5 - (target + 0.5) * scale) / max(scale, 1))


def below_centre(target, source, scale):
    # Exact: a centre often falls on a border between two pixels.
    return float(source == math.floor((target + Fraction(1, 2)) * scale))


@settings(max_examples=40, deadline=None)
@given(sides, sides, sides, sides)
@pytest.mark.parametrize(
    ("interpolation", "weight_of", "tolerance"),
    # Pillow rounds after each of the two passes.
    [("area", coverage, 0.51), ("bilinear_antialias", triangle, 1.05), ("nearest", below_centre, 0)],
)
def test_every_pixel_is_that_of_the_definition(
    interpolation, weight_of, tolerance, columns, rows, width, height
):
    pixels = random_pixels(rows, columns)
    down, across = weights(rows, height, weight_of), weights(columns, width, weight_of)
    expected = np.einsum("hr,rck,wc->hwk", down, pixels.astype(float), across)
    resized = resample(pixels, width, height, interpolation)
    assert resized.shape == (height, width, 3) and resized.dtype == np.uint8
    assert np.abs(resized - expected).max() <= tolerance


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("size", [(7, 90), (53, 9), (160, 97), (53, 37), (1, 1)])
def test_a_flat_photo_stays_as_it_is(interpolation, size):
    pixels = np.full((37, 53, 3), 254, np.uint8)
    assert (resample(pixels, *size, interpolation) == 254).all()


def test_stripes_of_two_pixels_vanish_only_where_pixels_are_averaged():
    stripes = np.tile(np.array([0, 255, 255, 0], np.uint8), 16)
    photo = np.repeat(np.repeat(stripes[None, :, None], 8, axis=0), 3, axis=2)
    shown = {
        name: resize(photo, Preprocess(16, 2, interpolation=name))[0][0, 8, 0] for name in INTERPOLATIONS
    }
    # Samples between two white pixels, the one right of the centre; the mean of four; a triangle over eight,
    # whose weights 1 3 5 7 7 5 3 1 give 16 of 32 to white.
    assert shown["bilinear"] == shown["nearest"] == 255
    assert shown["area"] == 128 and shown["bilinear_antialias"] in (127, 128)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_the_geometry_and_the_padding_are_the_same_for_all(interpolation):
    preprocess = Preprocess(64, 48, resize="letterbox", pad_value=9, interpolation=interpolation)
    pixels, geometry = resize(random_pixels(30, 90), preprocess)
    assert geometry == geometry_of(90, 30, replace(preprocess, interpolation="bilinear"))
    assert (pixels[: geometry.pad_y] == 9).all() and pixels.shape == (48, 64, 3)
