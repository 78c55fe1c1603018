"""Precision is found in tensors: one tiny file for each kind, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from tiny_models import TfliteWriter, write_conv_onnx, write_conv_tflite

from bench.core.artifact import FileFacts
from bench.errors import ModelError
from bench.quantize.facts import read_facts, verify_declared
from bench.quantize.precision import WeightedOp, precision_of


@pytest.mark.parametrize(
    ("activation", "weight", "unpack", "expected"),
    [
        ("FLOAT32", "FLOAT32", False, "fp32"),
        ("FLOAT32", "FLOAT16", True, "fp16"),
        ("FLOAT32", "FLOAT16", False, "fp16"),
        ("FLOAT32", "INT8", False, "dynamic"),
        ("INT8", "INT8", False, "int8"),
        ("UINT8", "UINT8", False, "int8"),
        ("INT16", "INT8", False, "int16x8"),
        ("FLOAT32", "INT4", True, "int4"),
        ("INT8", "INT4", False, "mixed"),
    ],
)
def test_the_precision_of_a_tflite_file_follows_from_kernel_and_activations(
    tmp_path: Path, activation: str, weight: str, unpack: bool, expected: str
) -> None:
    path = write_conv_tflite(tmp_path / "misleading_fp32_int8.tflite", activation, weight, 1, unpack=unpack)
    assert read_facts(path).precision == expected


def test_weight_bytes_and_tensors_of_a_tflite_file_are_listed(tmp_path: Path) -> None:
    facts = read_facts(write_conv_tflite(tmp_path / "a.tflite", "INT8", "INT8", num_scales=4))
    assert facts.weight_bytes == {"int8": 12}
    assert facts.ops == {"CONV_2D": 1}
    assert facts.inputs == ("image int8 [1, 8, 8, 3] scale 0.5 zero point 3",)
    assert "weights per channel" in facts.notes


def test_a_float_operator_in_an_integer_file_is_noted(tmp_path: Path) -> None:
    writer = TfliteWriter()
    image = writer.tensor("image", "INT8", (1, 8, 8, 3), scales=(0.5,))
    kernel = writer.tensor("kernel", "INT8", (4, 1, 1, 3), bytes(12), scales=(0.1,))
    features = writer.tensor("features", "INT8", (1, 8, 8, 4), scales=(0.5,))
    real, result = (
        writer.tensor("real", "FLOAT32", (1, 8, 8, 4)),
        writer.tensor("out", "FLOAT32", (1, 8, 8, 4)),
    )
    writer.operator("CONV_2D", [image, kernel], [features])
    writer.operator("DEQUANTIZE", [features], [real])
    writer.operator("LOGISTIC", [real], [result])
    facts = read_facts(writer.write(tmp_path / "a.tflite", [image], [result]))
    assert facts.precision == "int8"
    assert "these operators work on floats: LOGISTIC x1" in facts.notes


def test_small_float_kernels_do_not_hide_that_a_file_is_dynamic() -> None:
    large, small = (
        WeightedOp("CONV_2D", "float32", "int8", 5000),
        WeightedOp("CONV_2D", "float32", "float32", 90),
    )
    assert precision_of([large, small]) == "dynamic"


def test_int8_weights_where_int4_cannot_be_do_not_hide_that_a_file_is_int4() -> None:
    packed, depthwise = (
        WeightedOp("CONV_2D", "float32", "int4", 5000),
        WeightedOp("DEPTHWISE_CONV_2D", "float32", "int8", 900),
    )
    assert precision_of([packed, depthwise]) == "int4"
    assert precision_of([packed, WeightedOp("CONV_2D", "int8", "int8", 10)]) == "mixed"


def test_a_file_with_one_float_convolution_among_integer_ones_is_mixed() -> None:
    integer, real = (
        WeightedOp("CONV_2D", "int8", "int8", 5000),
        WeightedOp("CONV_2D", "float32", "float32", 90),
    )
    assert precision_of([integer, real]) == "mixed"


@pytest.mark.parametrize(("dtype", "expected"), [("float32", "fp32"), ("float16", "fp16")])
def test_the_precision_of_a_float_onnx_file_is_that_of_its_kernel(
    tmp_path: Path, dtype: str, expected: str
) -> None:
    facts = read_facts(write_conv_onnx(tmp_path / "a.onnx", dtype))
    assert facts.precision == expected
    assert facts.opset == 17
    assert facts.weight_bytes == {dtype: 108 * np.dtype(dtype).itemsize}
    assert facts.inputs == (f"image {dtype} [1, 3, 8, 8]",)


def test_a_float_kernel_that_is_quantized_on_the_way_counts_as_int8(tmp_path: Path) -> None:
    path = write_conv_onnx(tmp_path / "a.onnx")
    model = onnx.load(str(path))
    names = {"image": "quantized_image", "kernel": "quantized_kernel"}
    for name, quantized in names.items():
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.1), f"{name}_scale"))
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.int8(0), f"{name}_zero"))
        details = [f"{name}_scale", f"{name}_zero"]
        there = onnx.helper.make_node("QuantizeLinear", [name, *details], [f"{name}_integer"])
        back = onnx.helper.make_node("DequantizeLinear", [f"{name}_integer", *details], [quantized])
        model.graph.node.extend([there, back])
    model.graph.node[0].input[:] = list(names.values())
    onnx.save(model, str(path))
    assert read_facts(path).precision == "int8"


def test_an_onnx_file_with_weights_elsewhere_is_refused(tmp_path: Path) -> None:
    model = onnx.load(str(write_conv_onnx(tmp_path / "a.onnx")))
    onnx.save(model, str(tmp_path / "b.onnx"), save_as_external_data=True, size_threshold=0)
    with pytest.raises(ModelError, match="keeps its weights in another file"):
        read_facts(tmp_path / "b.onnx")


def test_an_onnx_file_that_was_cut_short_is_named_as_damaged(tmp_path: Path) -> None:
    path = write_conv_onnx(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(ModelError, match=r"a\.onnx: not an ONNX model, or damaged"):
        read_facts(path)


def test_a_tflite_file_that_was_cut_short_is_named_as_damaged(tmp_path: Path) -> None:
    path = write_conv_tflite(tmp_path / "a.tflite", "INT8", "INT8", 1)
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelError, match=r"a\.tflite: the TFLite model is damaged or cut short"):
        read_facts(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tflite", b"<html>not found</html>", "not a TFLite model: this is text"),
        ("b.tflite", b"\x00\x01\x02\x03\x04\x05\x06\x07\x08", "not a TFLite model .its identifier is"),
        ("a.onnx", b"<html>not found</html>", "not an ONNX model"),
        ("a.onnx", b"", "is empty"),
        ("a.pt", b"x", r"end in \.tflite or \.onnx"),
    ],
)
def test_what_is_no_model_file_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_facts(tmp_path / name)


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: the model file cannot be read"):
        read_facts(tmp_path / "gone.onnx")


def test_a_declared_precision_must_be_the_one_found() -> None:
    problem = verify_declared("int8", FileFacts("dynamic"))
    assert problem.startswith("declared precision int8 does not fit the file, whose tensors are dynamic")


def test_int8_tensors_satisfy_a_declared_qat() -> None:
    assert verify_declared("qat", FileFacts("int8")) == ""
    assert verify_declared("qat", FileFacts("fp32")) != ""
