"""Run a model file once on one image in its own runtime, and give real-valued outputs back.

This is a sanity trial after an export. Measuring is the agent's work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import ModelError
from bench.quantize.pixels import normalise
from bench.wire.description import Preprocess

Outputs = dict[str, NDArray[np.float32]]


def run_once(path: Path, pixels: NDArray[np.uint8], preprocess: Preprocess) -> Outputs:
    """Run one image through a .tflite or .onnx file.

    Args:
        pixels: (h, w, 3) uint8 in the model's channel order.

    Returns:
        Output name -> dequantized values.

    Raises:
        ModelError: the runtime refuses the file, with its message.
    """
    value = normalise(pixels[None], preprocess)
    try:
        return _run_litert(path, value) if path.suffix == ".tflite" else _run_onnxruntime(path, value)
    except Exception as problem:
        # Both runtimes raise a mixture of ValueError, RuntimeError and types of their own.
        raise ModelError(f"{path.name}: the runtime refuses the file: {str(problem)[:500]}") from problem


def _run_litert(path: Path, value: NDArray[np.float32]) -> Outputs:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    (detail,) = interpreter.get_input_details()
    interpreter.set_tensor(detail["index"], _quantize(value, detail))
    interpreter.invoke()
    details = interpreter.get_output_details()
    return {item["name"]: _dequantize(interpreter.get_tensor(item["index"]), item) for item in details}


def _run_onnxruntime(path: Path, value: NDArray[np.float32]) -> Outputs:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    names = [output.name for output in session.get_outputs()]
    results = session.run(names, {entry.name: value})
    return {name: np.asarray(result, np.float32) for name, result in zip(names, results, strict=True)}


def _quantize(value: NDArray[np.float32], detail: dict[str, Any]) -> NDArray[Any]:
    scale, zero_point = detail["quantization"]
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f":
        return value.astype(dtype)
    limits = np.iinfo(dtype)
    quantized = np.rint(value / np.float32(scale)) + zero_point
    return np.asarray(np.clip(quantized, limits.min, limits.max), dtype)


def _dequantize(value: NDArray[Any], detail: dict[str, Any]) -> NDArray[np.float32]:
    scale, zero_point = detail["quantization"]
    real = value.astype(np.float32)
    return real if not scale else np.float32(scale) * (real - np.float32(zero_point))
