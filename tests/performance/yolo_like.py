"""Made-up models and photos of the size that real detectors have, for machines without real ones."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from bench.wire.job import ImageRef

NUM_CLASSES = 80


def make_photos(folder: Path, count: int, seed: int = 0) -> tuple[ImageRef, ...]:
    """Write photos of 640 x 480 pixels as JPEG files of about 60 KB, as those of COCO are."""
    drawn, refs = np.random.default_rng(seed), []
    for number in range(count):
        coarse = Image.fromarray(drawn.integers(0, 256, (60, 80, 3), np.uint8))
        fine = drawn.normal(0, 6, (480, 640, 3))
        pixels = np.clip(np.asarray(coarse.resize((640, 480), Image.Resampling.BICUBIC)) + fine, 0, 255)
        path = folder / f"{number}.jpg"
        Image.fromarray(pixels.astype(np.uint8)).save(path, quality=85)
        refs.append(ImageRef(number, str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return tuple(refs)


def make_yolo_like(path: Path, side: int, channels: int, depth: int, seed: int = 0) -> None:
    """Write an ONNX model that answers as a YOLOv8 does, random weights and all.

    Args:
        channels, depth: of the convolutions on the grid of stride 8, where most of the time goes.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    drawn = np.random.default_rng(seed)
    nodes, weights = [], []

    def convolve(source: str, name: str, inputs: int, outputs: int, size: int, stride: int) -> str:
        values = drawn.normal(0, (2 / (inputs * size * size)) ** 0.5, (outputs, inputs, size, size))
        weights.append(numpy_helper.from_array(values.astype(np.float32), f"{name}_weights"))
        pads = [(size - 1) // 2] * 2 + [size // 2] * 2
        nodes.append(
            helper.make_node("Conv", [source, f"{name}_weights"], [name], strides=[stride] * 2, pads=pads)
        )
        return name

    def activate(source: str) -> str:
        nodes.append(helper.make_node("Relu", [source], [f"{source}_relu"]))
        return f"{source}_relu"

    level = activate(convolve("images", "stem", 3, channels, 8, 8))
    for i in range(depth):
        level = activate(convolve(level, f"body{i}", channels, channels, 3, 1))
    heads = []
    for stride in (8, 16, 32):
        if stride > 8:
            level = activate(convolve(level, f"down{stride}", channels, channels, 3, 2))
        head = convolve(level, f"head{stride}", channels, 4 + NUM_CLASSES, 1, 1)
        nodes.append(helper.make_node("Reshape", [head, "flat"], [f"{head}_flat"]))
        heads.append(f"{head}_flat")
    nodes.append(helper.make_node("Concat", heads, ["joined"], axis=2))
    nodes.append(helper.make_node("Split", ["joined", "parts"], ["raw_boxes", "logits"], axis=1))
    nodes.append(helper.make_node("Sigmoid", ["raw_boxes"], ["fractions"]))
    nodes.append(helper.make_node("Mul", ["fractions", "side"], ["boxes"]))
    # Most scores of a detector are far below any threshold.
    nodes.append(helper.make_node("Sub", ["logits", "doubt"], ["doubted"]))
    nodes.append(helper.make_node("Sigmoid", ["doubted"], ["scores"]))
    nodes.append(helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1))
    for name, value in (
        ("flat", np.array([1, 4 + NUM_CLASSES, -1])),
        ("parts", np.array([4, NUM_CLASSES])),
        ("side", np.float32(side)),
        ("doubt", np.float32(9)),
    ):
        weights.append(numpy_helper.from_array(np.asarray(value), name))
    rows = sum((side // stride) ** 2 for stride in (8, 16, 32))
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, side, side])
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 4 + NUM_CLASSES, rows])
    graph = helper.make_graph(nodes, "yolo_like", [image], [output], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
