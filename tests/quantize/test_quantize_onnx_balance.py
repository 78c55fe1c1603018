"""Channels of ONNX files are balanced where that changes nothing, and left alone where it would."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_networks import CHANNELS, SIZE, signal_to_noise, weights, write_network_onnx

from bench.core.recipe import Recipe
from bench.errors import UnavailableError
from bench.quantize.onnx_balance import equalise_onnx
from bench.quantize.onnx_channels import Network
from bench.quantize.onnx_integer import quantize_static_qdq
from bench.quantize.pixels import noise_pixels
from bench.quantize.trial import run_once
from bench.wire.description import Preprocess

PREPROCESS = Preprocess(SIZE, SIZE, layout="nchw")
PIXELS = noise_pixels(8, PREPROCESS)


def outputs_of(path: Path) -> np.ndarray:
    (value,) = run_once(path, PIXELS[0], PREPROCESS).values()
    return value


def scale_badly(path: Path, target: Path) -> Path:
    """Shrink channels of the tiny network by up to 1,000, and enlarge their readers."""
    model = onnx.load(str(path))
    kernels = {item.name: np.array(numpy_helper.to_array(item)) for item in model.graph.initializer}
    rng = np.random.default_rng(1)
    factors = [1000 ** -rng.uniform(0, 1, CHANNELS).astype(np.float32) for _ in range(2)]
    kernels["stem_k"] *= factors[0][:, None, None, None]
    kernels["wise_k"] *= (factors[1] / factors[0])[:, None, None, None]
    for head in ("scores_k", "boxes_k"):
        kernels[head] /= factors[1][None, :, None, None]
    for item in model.graph.initializer:
        item.CopyFrom(numpy_helper.from_array(kernels[item.name].astype(np.float32), item.name))
    onnx.save(model, str(target))
    return target


@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
def test_an_ill_scaled_network_is_brought_back_with_readers_that_share_a_value(
    tmp_path: Path, granularity: str
) -> None:
    healthy = write_network_onnx(tmp_path / "healthy.onnx", box_gain=1)
    source = scale_badly(healthy, tmp_path / "bad.onnx")
    assert signal_to_noise(outputs_of(healthy), outputs_of(source)) > 100
    (note,) = equalise_onnx(source, tmp_path / "even.onnx", PIXELS, PREPROCESS, granularity)  # type: ignore[arg-type]
    assert note.startswith("channels of 2 layers equalised; float outputs differ by ")
    recipe = Recipe("int8", "int8", granularity=granularity)  # type: ignore[arg-type]
    near = {}
    for name in ("healthy", "bad", "even"):
        path, target = tmp_path / f"{name}.onnx", tmp_path / f"{name}-int8.onnx"
        quantize_static_qdq(path, target, recipe, PIXELS, PREPROCESS)
        near[name] = signal_to_noise(outputs_of(path), outputs_of(target))
    assert near["bad"] < near["healthy"] - 10
    assert near["even"] > near["healthy"] - 4


def build(tmp_path: Path, nodes: list[onnx.NodeProto], kernels: dict[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in kernels.items()],
    )
    path = tmp_path / "a.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


KERNELS = {"a": weights(8, 3, 1, 1), "b": weights(8, 8, 1, 1, seed=1), "c": weights(8, 8, 1, 1, seed=2)}


@pytest.mark.parametrize(
    "nodes",
    [
        pytest.param([("Conv", "image a", "x"), ("Sigmoid", "x", "y"), ("Conv", "y b", "output")], id="bent"),
        pytest.param(
            [("Conv", "image a", "x"), ("Conv", "x b", "y"), ("Add", "x y", "output")], id="read twice"
        ),
        pytest.param(
            [("Conv", "image a", "x"), ("Conv", "x b", "y"), ("Conv", "y b", "output")], id="shared weights"
        ),
    ],
)
def test_channels_are_left_alone_where_scaling_would_change_the_network(
    tmp_path: Path, nodes: list[tuple[str, str, str]]
) -> None:
    made = [helper.make_node(op, inputs.split(), [output], output) for op, inputs, output in nodes]
    path = build(tmp_path, made, KERNELS)
    assert list(Network(onnx.load(str(path))).pairs()) == []
    with pytest.raises(UnavailableError, match="equalize changes nothing here"):
        equalise_onnx(path, tmp_path / "even.onnx", PIXELS, PREPROCESS, "per_channel")


def test_groups_bounds_and_pooling_are_passed_exactly(tmp_path: Path) -> None:
    kernels = KERNELS | {"b": weights(8, 4, 1, 1, seed=1), "low": np.float32(0), "high": np.float32(6)}
    kernels["a"] = kernels["a"] * np.geomspace(0.02, 40, 8).astype(np.float32)[:, None, None, None]
    nodes = [
        helper.make_node("Conv", ["image", "a"], ["x"], "first"),
        helper.make_node("Clip", ["x", "low", "high"], ["cut"], "cut"),
        helper.make_node("MaxPool", ["cut"], ["pooled"], "pooled", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["pooled", "b"], ["y"], "grouped", group=2),
        helper.make_node("LeakyRelu", ["y"], ["z"], "leaky"),
        helper.make_node("Conv", ["z", "c"], ["output"], "last"),
    ]
    path = build(tmp_path, nodes, kernels)
    pairs = list(Network(onnx.load(str(path))).pairs())
    assert [(pair.first.name, pair.limit) for pair in pairs] == [("first", 6.0), ("grouped", None)]
    equalise_onnx(path, tmp_path / "even.onnx", PIXELS, PREPROCESS, "per_channel")
    np.testing.assert_allclose(outputs_of(tmp_path / "even.onnx"), outputs_of(path), rtol=1e-4, atol=1e-4)
    first = {item.name: item for item in onnx.load(str(tmp_path / "even.onnx")).graph.initializer}["a"]
    assert not np.allclose(numpy_helper.to_array(first), kernels["a"])
