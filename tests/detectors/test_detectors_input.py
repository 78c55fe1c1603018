"""Pixels become exactly what the formula says, in every type and layout."""

from dataclasses import replace

import numpy as np
import pytest

from bench.detectors import check_input, to_input
from bench.errors import ModelError
from bench.wire.description import Preprocess, Quantization
from bench.wire.tensor import TensorSpec

PIXELS = np.arange(8 * 32 * 3, dtype=np.int64).astype(np.uint8).reshape(8, 32, 3)
MINUS_ONE_TO_ONE = Preprocess(32, 8, mean=(127.5,) * 3, std=(127.5,) * 3)
PER_CHANNEL = Preprocess(32, 8, mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395))


def spec(dtype, scale=0.0, zero_point=0, shape=(1, 8, 32, 3)):
    return TensorSpec("image", shape, dtype, scale, zero_point)


def quantized_one_by_one(preprocess, tensor):
    """The formula in plain Python numbers, one pixel at a time."""
    limits = np.iinfo(tensor.dtype)
    result = np.empty(PIXELS.shape, tensor.dtype)
    for place in np.ndindex(PIXELS.shape):
        real = (int(PIXELS[place]) - preprocess.mean[place[2]]) / preprocess.std[place[2]]
        result[place] = min(max(round(real / tensor.scale) + tensor.zero_point, limits.min), limits.max)
    return result


@pytest.mark.parametrize("preprocess", [Preprocess(32, 8), MINUS_ONE_TO_ONE, PER_CHANNEL])
def test_real_inputs_are_normalised_in_float32(preprocess):
    values = to_input(PIXELS, preprocess, spec("float32"))
    mean, std = np.float32(preprocess.mean), np.float32(preprocess.std)
    assert values.dtype == np.float32 and values.shape == (1, 8, 32, 3)
    assert (values[0] == (PIXELS.astype(np.float32) - mean) / std).all()


@pytest.mark.parametrize("preprocess", [Preprocess(32, 8), MINUS_ONE_TO_ONE, PER_CHANNEL])
@pytest.mark.parametrize(
    "tensor",
    [
        spec("uint8", 1 / 255),
        spec("int8", 1 / 255, -128),
        spec("int8", 0.01866, -14),
        spec("uint8", 0.0078125, 128),
        spec("int16", 1 / 32768),
    ],
    ids=lambda tensor: f"{tensor.dtype} {tensor.scale:.5f} {tensor.zero_point}",
)
def test_integer_inputs_follow_the_tensor_s_own_scale(preprocess, tensor):
    values = to_input(PIXELS, preprocess, tensor)
    steps = np.abs(values[0].astype(int) - quantized_one_by_one(preprocess, tensor))
    assert values.dtype == tensor.dtype
    # A pixel that falls between two steps may round either way in float32.
    assert steps.max() <= 1 and (steps > 0).mean() < 0.02


def test_channels_first_is_the_same_numbers_in_another_order():
    first = replace(PER_CHANNEL, layout="nchw")
    for dtype, scale in (("float32", 0.0), ("int8", 0.02)):
        last = to_input(PIXELS, PER_CHANNEL, spec(dtype, scale))
        values = to_input(PIXELS, first, spec(dtype, scale, shape=(1, 3, 8, 32)))
        assert values.shape == (1, 3, 8, 32) and values.flags.c_contiguous
        assert (values == last.transpose(0, 3, 1, 2)).all()


def test_plain_pixels_pass_and_the_caller_s_pixels_are_never_handed_out():
    plain = Preprocess(32, 8, std=(1.0, 1.0, 1.0))
    values = to_input(PIXELS, plain, spec("uint8"))
    assert (values[0] == PIXELS).all() and not np.shares_memory(values, PIXELS)


def test_an_input_without_batch_axis_gets_none():
    assert to_input(PIXELS, PER_CHANNEL, spec("float16", shape=(8, 32, 3))).shape == (8, 32, 3)
    assert to_input(PIXELS, PER_CHANNEL, spec("float16", shape=(8, 32, 3))).dtype == np.float16


@pytest.mark.parametrize("shape", [(1, 32, 8, 3), (1, 3, 8, 32), (2, 8, 32, 3), (8, 32), ()])
def test_a_description_of_another_shape_is_refused(shape):
    with pytest.raises(ModelError, match=r"input 'image' has shape .* describe \[1, 8, 32, 3\]"):
        check_input(PER_CHANNEL, spec("float32", shape=shape))


@pytest.mark.parametrize("shape", [(1, 8, 32, 3), (-1, 8, 32, 3), (-1, -1, -1, 3), (8, 32, 3)])
def test_unknown_dimensions_are_accepted(shape):
    check_input(PER_CHANNEL, spec("float32", shape=shape))


def test_fractions_into_a_plain_integer_input_are_refused():
    with pytest.raises(
        ModelError, match="takes uint8 without a quantization scale.*set detector.input.mean to 0"
    ):
        check_input(MINUS_ONE_TO_ONE, spec("uint8"))


def test_a_quantization_of_the_description_is_put_over_that_of_the_file():
    # A converter that lost the scale: the tensor says plain integers, or something that is not so.
    for given in (spec("int8"), spec("int8", 0.5, 3)):
        own = replace(PER_CHANNEL, quantization=Quantization(0.01866, -14))
        check_input(own, given)
        assert (
            to_input(PIXELS, own, given) == to_input(PIXELS, PER_CHANNEL, spec("int8", 0.01866, -14))
        ).all()


def test_a_quantization_for_an_input_of_reals_is_refused():
    with pytest.raises(ModelError, match=r"takes float32, but detector\.input\.quantization .*remove it"):
        check_input(replace(PER_CHANNEL, quantization=Quantization(0.1, 0)), spec("float32"))


@pytest.mark.parametrize(
    ("scale", "zero_point", "dtype", "of_black", "of_white"),
    # The three kinds that exports really have: 8-bit pixels as they are, shifted ones, and ImageNet's.
    [(1 / 255, 0, "uint8", 0, 255), (1 / 255, -128, "int8", -128, 127), (0.01866, -14, "int8", -14, 40)],
)
def test_black_and_white_are_quantized_by_hand(scale, zero_point, dtype, of_black, of_white):
    pixels = np.zeros((8, 32, 3), np.uint8)
    pixels[0] = 255
    values = to_input(pixels, Preprocess(32, 8), spec(dtype, scale, zero_point))
    assert values[0, 0, 0, 0] == of_white and values[0, 1, 0, 0] == of_black
