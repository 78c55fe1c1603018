"""Half precision of ONNX files from elsewhere: what older exporters leave in them does not stop it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bench.quantize.facts import read_facts
from bench.quantize.onnx_float import convert_half


def write_resizing(path: Path, opset: int) -> Path:
    """Write a convolution and a Resize to sizes, its unused scales given as an empty constant node."""
    kernel = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    empty = numpy_helper.from_array(np.empty(0, np.float32), "empty")
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["features"]),
        helper.make_node("Constant", [], ["roi"], value=empty),
        helper.make_node("Constant", [], ["scales"], value=empty),
        helper.make_node("Resize", ["features", "roi", "scales", "sizes"], ["large"], mode="nearest"),
    ]
    constants = [
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(np.array([1, 4, 12, 12], np.int64), "sizes"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])
    large = helper.make_tensor_value_info("large", TensorProto.FLOAT, [1, 4, 12, 12])
    graph = helper.make_graph(nodes, "made", [image], [large], constants)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7), str(path)
    )
    return path


def run(path: Path, image: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": image})[0])


@pytest.mark.parametrize("opset", [12, 13, 17])
def test_a_resize_with_empty_scales_survives_half_precision(tmp_path: Path, opset: int) -> None:
    source, target = write_resizing(tmp_path / "float.onnx", opset), tmp_path / "half.onnx"
    before = source.read_bytes()
    convert_half(source, target)
    image = np.random.default_rng(1).random((1, 3, 8, 8), np.float32)
    assert np.allclose(run(target, image), run(source, image), atol=0.02)
    assert read_facts(target).precision == "fp16" and source.read_bytes() == before
