"""Thresholds on raw values select exactly what thresholds on real values select."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detectors.candidates import order, pick
from bench.detectors.values import Values
from bench.wire.description import Suppression
from bench.wire.tensor import TensorSpec


def spec(dtype, scale=0.0, zero_point=0):
    return TensorSpec("scores", (1,), dtype, scale, zero_point)


def sigmoid(value):
    return 1 / (1 + np.exp(-np.float64(value)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_integers_are_read_with_scale_and_zero_point(dtype):
    raw = np.array([-100, -3, 0, 3, 100] if dtype != "uint8" else [0, 3, 100, 128, 255]).astype(dtype)
    real = Values(spec(dtype, 0.1, 3)).read(raw)
    assert real.dtype == np.float32
    assert real.tolist() == pytest.approx([0.1 * (int(value) - 3) for value in raw], abs=1e-5)


def test_every_8_bit_value_is_read_in_any_memory_order():
    raw = np.arange(-128, 128).astype(np.int8).reshape(16, 16)
    values = Values(spec("int8", 0.05, -7), "sigmoid")
    expected = sigmoid(0.05 * (raw.astype(int) + 7))
    assert np.allclose(values.read(raw), expected, atol=1e-6)
    assert np.allclose(values.read(raw.T[::2]), expected.T[::2], atol=1e-6)


def test_the_sigmoid_of_large_logits_neither_overflows_nor_leaves_the_unit_interval():
    with np.errstate(over="raise", invalid="raise"):
        scores = Values(spec("float32"), "sigmoid").read(np.array([-1e30, -100, 0, 100, 1e30], np.float32))
    assert scores.tolist() == pytest.approx([0, 0, 0.5, 1, 1])


@given(
    st.lists(st.integers(-128, 127), min_size=1, max_size=40),
    st.floats(1e-4, 1),
    st.integers(-128, 127),
    st.floats(0.001, 1.0),
    st.sampled_from(["none", "sigmoid"]),
)
def test_the_floor_of_8_bit_values_is_exact(raw, scale, zero_point, threshold, activation):
    values = Values(spec("int8", scale, zero_point), activation)
    raw = np.array(raw, np.int8)
    assert ((raw >= values.floor(threshold)) == (values.read(raw) >= np.float32(threshold))).all()


@given(
    st.lists(st.floats(-30, 30, width=16), min_size=1, max_size=40),
    st.floats(0.0, 1.0),
    st.sampled_from(["none", "sigmoid"]),
    st.sampled_from(["float32", "float16"]),
)
def test_the_floor_of_reals_never_loses_a_value(raw, threshold, activation, dtype):
    values = Values(spec(dtype), activation)
    raw = np.array(raw, dtype)
    assert (raw >= values.floor(threshold))[values.read(raw) >= np.float32(threshold)].all()


@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([1, 5, 40, 3000]))
def test_picking_is_thresholding_and_sorting_in_either_layout(seed, is_multi_label, top_k):
    raw = np.random.default_rng(seed).integers(-20, 20, (30, 4)).astype(np.int8)
    values = Values(spec("int8", 0.05, 0))
    suppression = Suppression(score_threshold=0.25, is_multi_label=is_multi_label, pre_nms_top_k=top_k)
    expected = []
    for row in range(30):
        classes = range(4) if is_multi_label else [int(raw[row].argmax())]
        expected += [(np.float32(raw[row, c] * np.float32(0.05)), row, c) for c in classes]
    expected = sorted((item for item in expected if item[0] >= np.float32(0.25)), reverse=True)[:top_k]
    for picks in (pick(raw, values, suppression), pick(raw.T.copy(), values, suppression, class_axis=0)):
        assert list(zip(picks.scores, picks.rows, picks.classes, strict=True)) == expected


def test_equal_scores_go_to_the_last_row_first_even_at_the_cut():
    rows = np.array([4, 1, 3, 2])
    picks = order(rows, np.zeros(4, int), np.full(4, 0.5, np.float32), Suppression(pre_nms_top_k=2))
    assert picks.rows.tolist() == [4, 3]


def test_scores_that_are_not_numbers_are_never_picked():
    raw = np.array([[np.nan, 0.5]], np.float32)
    assert pick(raw, Values(spec("float32")), Suppression()).classes.tolist() == [1]
