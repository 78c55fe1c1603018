"""int16x8, int4 and kept layers in ONNX files, old files as sources, and the warning of a shared scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from tiny_networks import CLASSES, SIZE, signal_to_noise, write_network_onnx

from bench.core.recipe import Recipe
from bench.errors import BuildError, UnavailableError
from bench.quantize import onnx_int4, onnx_integer
from bench.quantize.facts import read_facts, read_graph
from bench.quantize.layers import NOTHING_KEPT, KeptLayers
from bench.quantize.onnx_shared import shared_scale_notes
from bench.quantize.onnx_source import clean_onnx
from bench.quantize.pixels import noise_pixels
from bench.quantize.precision import is_per_channel
from bench.quantize.trial import run_once
from bench.wire.description import Preprocess

PREPROCESS = Preprocess(SIZE, SIZE, layout="nchw")
PIXELS = noise_pixels(8, PREPROCESS)
HEAD = ("scores", "boxes", "joined")


def outputs_of(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the box and the score part of the output for one image."""
    (value,) = run_once(path, PIXELS[0], PREPROCESS).values()
    return value[:, :4], value[:, 4:]


def nearness(source: Path, target: Path) -> list[float]:
    return [signal_to_noise(a, b) for a, b in zip(outputs_of(source), outputs_of(target), strict=True)]


def static(source: Path, target: Path, recipe: Recipe, kept: KeptLayers = NOTHING_KEPT) -> Path:
    onnx_integer.quantize_static_qdq(source, target, recipe, PIXELS, PREPROCESS, kept)
    return target


def test_int16x8_has_int16_activations_and_runs(tmp_path: Path) -> None:
    source = write_network_onnx(tmp_path / "float.onnx", box_gain=1)
    target = static(source, tmp_path / "a.onnx", Recipe("int16x8", "int16x8"))
    facts = read_facts(target)
    assert (facts.precision, facts.opset) == ("int16x8", 21)
    assert {op.activation for op in read_graph(target).weighted} == {"int16"}
    assert min(nearness(source, target)) > 35


def test_layers_of_an_int16_network_can_work_at_8_bits(tmp_path: Path) -> None:
    source = write_network_onnx(tmp_path / "float.onnx", box_gain=1)
    recipe = Recipe("int16x8", "int16x8")
    target = static(source, tmp_path / "a.onnx", recipe, KeptLayers(at_8_bits=("wise",)))
    by_name = {op.activation for op in read_graph(target).weighted}
    assert by_name == {"int16", "uint8"}
    assert min(nearness(source, target)) > 25


@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
def test_int4_packs_two_weights_a_byte_and_computes_in_float(tmp_path: Path, granularity: Any) -> None:
    source, target = write_network_onnx(tmp_path / "float.onnx", box_gain=1), tmp_path / "a.onnx"
    onnx_int4.quantize_int4(source, target, granularity, NOTHING_KEPT)
    graph, facts = read_graph(target), read_facts(target)
    kinds = {op.num_weights: (op.activation, op.weight) for op in graph.weighted}
    assert kinds == {
        432: ("float32", "int4"), 144: ("float32", "int8"), 128: ("float32", "int4"), 64: ("float32", "int4"),
    }  # fmt: skip
    assert facts.precision == "int4"
    assert facts.weight_bytes["int4"] == (432 + 128 + 64) / 2
    assert is_per_channel(graph.weighted) == (granularity == "per_channel")
    assert min(nearness(source, target)) > (12 if granularity == "per_channel" else 8)


def test_int4_rounds_to_sevenths_of_each_channel_s_largest_weight(tmp_path: Path) -> None:
    source, target = write_network_onnx(tmp_path / "float.onnx"), tmp_path / "a.onnx"
    onnx_int4.quantize_int4(source, target, "per_channel", NOTHING_KEPT)
    (kernel,) = [item for item in onnx.load(str(source)).graph.initializer if item.name == "stem_k"]
    before = onnx.numpy_helper.to_array(kernel)
    model = onnx.load(str(target))
    model.graph.output.append(onnx.ValueInfoProto(name="stem_k_4bit_float"))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.zeros((1, 3, SIZE, SIZE), np.float32)
    (unpacked,) = session.run(["stem_k_4bit_float"], {"image": image})
    scale = np.abs(before).max((1, 2, 3), keepdims=True) / 7
    np.testing.assert_allclose(unpacked, np.rint(before / scale) * scale, rtol=1e-6, atol=1e-7)


def test_int4_keeps_layers_at_8_bits_and_in_float(tmp_path: Path) -> None:
    source, target = write_network_onnx(tmp_path / "float.onnx"), tmp_path / "a.onnx"
    onnx_int4.quantize_int4(source, target, "per_channel", KeptLayers(("boxes",), ("stem",)))
    kinds = {op.num_weights: op.weight for op in read_graph(target).weighted}
    assert kinds == {432: "int8", 144: "int8", 128: "int4", 64: "float32"}


def test_int4_with_every_kernel_kept_in_float_is_refused(tmp_path: Path) -> None:
    source = write_network_onnx(tmp_path / "float.onnx")
    with pytest.raises(BuildError, match="no convolution or matrix product"):
        everything = KeptLayers(("stem", "wise", "scores", "boxes"))
        onnx_int4.quantize_int4(source, tmp_path / "a.onnx", "per_channel", everything)


@pytest.mark.parametrize("precision", ["int8", "mixed", "int16x8"])
def test_a_head_kept_in_float_is_float(tmp_path: Path, precision: Any) -> None:
    source = write_network_onnx(tmp_path / "float.onnx")
    recipe = Recipe("x", precision)
    target = static(source, tmp_path / "a.onnx", recipe, KeptLayers(in_float=("scores", "boxes")))
    kinds = {op.num_weights: op.weight for op in read_graph(target).weighted}
    assert kinds == {432: "int8", 144: "int8", 128: "float32", 64: "float32"}
    assert read_facts(target).precision == "mixed"


def test_layers_kept_out_of_dynamic_range_are_float(tmp_path: Path) -> None:
    source, target = write_network_onnx(tmp_path / "float.onnx"), tmp_path / "a.onnx"
    onnx_integer.quantize_weights(source, target, KeptLayers(in_float=("scores",)))
    kinds = {op.num_weights: op.weight for op in read_graph(target).weighted}
    assert (kinds[128], kinds[64]) == ("float32", "uint8")


def test_one_scale_over_boxes_and_scores_erases_the_scores_and_keeping_the_join_in_float_cures_it(
    tmp_path: Path,
) -> None:
    source = write_network_onnx(tmp_path / "float.onnx", box_gain=300)
    boxes, scores = nearness(source, static(source, tmp_path / "a.onnx", Recipe("int8", "int8")))
    assert boxes > 25 and scores < 10
    (note,) = shared_scale_notes(source, PIXELS[0], PREPROCESS, NOTHING_KEPT)
    assert note.startswith("output output joins values up to ")
    assert note.endswith("a cure to try is keep_float: [joined]")
    kept = KeptLayers(in_float=("joined",))
    boxes, scores = nearness(source, static(source, tmp_path / "b.onnx", Recipe("int8", "int8"), kept))
    assert boxes > 25 and scores > 25
    assert shared_scale_notes(source, PIXELS[0], PREPROCESS, kept) == ()


def test_an_output_whose_parts_reach_alike_gets_no_warning(tmp_path: Path) -> None:
    source = write_network_onnx(tmp_path / "float.onnx", box_gain=1)
    assert shared_scale_notes(source, PIXELS[0], PREPROCESS, NOTHING_KEPT) == ()


def test_an_old_file_with_weights_as_inputs_becomes_one_that_can_have_scales_per_channel(
    tmp_path: Path,
) -> None:
    source = write_network_onnx(tmp_path / "old.onnx", opset=11, weights_as_inputs=True)
    before = source.read_bytes()
    notes = clean_onnx(source, tmp_path / "clean.onnx", PREPROCESS)
    assert notes == (
        "4 weights taken out of the list of inputs", "opset 11 raised to 17: scales per channel need 13"
    )  # fmt: skip
    assert source.read_bytes() == before
    assert [entry.name for entry in onnx.load(str(tmp_path / "clean.onnx")).graph.input] == ["image"]
    assert min(nearness(source, tmp_path / "clean.onnx")) > 100
    target = static(tmp_path / "clean.onnx", tmp_path / "a.onnx", Recipe("int8", "int8"))
    assert is_per_channel(read_graph(target).weighted)


def test_a_batch_that_is_open_is_fixed_to_one_image(tmp_path: Path) -> None:
    model = onnx.load(str(write_network_onnx(tmp_path / "a.onnx")))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, str(tmp_path / "open.onnx"))
    clean_onnx(tmp_path / "open.onnx", tmp_path / "clean.onnx", PREPROCESS)
    assert read_facts(tmp_path / "clean.onnx").inputs == ("image float32 [1, 3, 16, 16]",)


def test_a_model_with_two_inputs_cannot_be_quantized(tmp_path: Path) -> None:
    model = onnx.load(str(write_network_onnx(tmp_path / "a.onnx")))
    model.graph.input.append(onnx.helper.make_tensor_value_info("other", onnx.TensorProto.FLOAT, [CLASSES]))
    onnx.save(model, str(tmp_path / "two.onnx"))
    with pytest.raises(UnavailableError, match="has 2 inputs"):
        clean_onnx(tmp_path / "two.onnx", tmp_path / "clean.onnx", PREPROCESS)
