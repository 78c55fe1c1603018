"""The network of the tests' model files, as numpy: the oracle that runtimes are held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIZE, STRIDE, NUM_CLASSES = 32, 8, 3
GRID = SIZE // STRIDE


def tiny_weights() -> tuple[np.ndarray, np.ndarray]:
    """Return the convolution's weights (8, 8, 3, 7) float32 and its bias (7,) float32."""
    drawn = np.random.default_rng(0)
    weights = drawn.normal(0, 0.1, (STRIDE, STRIDE, 3, NUM_CLASSES + 4)).astype(np.float32)
    return weights, np.array([-1.0] * NUM_CLASSES + [1.0] * 4, np.float32)


def run_tiny(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (1, 16, 3) and boxes (1, 16, 4) of an image (1, 32, 32, 3) in [-1, 1]."""
    weights, bias = tiny_weights()
    patches = image[0].reshape(GRID, STRIDE, GRID, STRIDE, 3).swapaxes(1, 2)
    cells = np.einsum("yxijc,ijck->yxk", patches.astype(np.float64), weights) + bias
    cells = cells.reshape(1, GRID * GRID, -1)
    return cells[..., :NUM_CLASSES], np.maximum(cells[..., NUM_CLASSES:], 0)


def write_tiny_onnx(path: Path) -> Path:
    """Write the network as an ONNX file that takes NHWC input."""
    from onnx import TensorProto, helper, numpy_helper, save

    weights, bias = tiny_weights()
    constants = {
        "weights": weights.transpose(3, 2, 0, 1),
        "bias": bias,
        "cells_shape": np.array([1, GRID * GRID, NUM_CLASSES + 4]),
        "parts": np.array([NUM_CLASSES, 4]),
    }
    nodes = [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights", "bias"], ["maps"], strides=[STRIDE, STRIDE]),
        helper.make_node("Transpose", ["maps"], ["grid"], perm=[0, 2, 3, 1]),
        helper.make_node("Reshape", ["grid", "cells_shape"], ["cells"]),
        helper.make_node("Split", ["cells", "parts"], ["scores", "distances"], axis=2),
        helper.make_node("Relu", ["distances"], ["boxes"]),
    ]
    shapes = {
        "image": [1, SIZE, SIZE, 3],
        "scores": [1, GRID * GRID, NUM_CLASSES],
        "boxes": [1, GRID * GRID, 4],
    }
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    }
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(
        nodes, "tiny", [values["image"]], [values["scores"], values["boxes"]], initializers
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
