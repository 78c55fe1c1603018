"""One run of a model file in its runtime, fed with zeros: does it load, on what kernels, what comes out?

Runs in the worker: native code that meets a hostile file may die, and takes nothing along.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.agent.runtimes import runtime_class
from bench.errors import BenchError
from bench.inspecting.file_report import FileReport, Trial
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

# format -> the runtime that takes it.
RUNTIMES = {"tflite": "litert", "onnx": "onnxruntime"}

# Side that an input of open size is tried with, pixels: a multiple of every usual stride.
_OPEN_SIDE = 320


def try_out(report: FileReport, scratch: Path) -> Trial:
    """Load a file and run it once; what goes wrong is part of the answer.

    Args:
        scratch: a folder that the runtime may write to.
    """
    name = RUNTIMES[report.format]
    try:
        runtime = runtime_class(name)(Path(report.path), RuntimeSettings(name))
        proof = runtime.proof(scratch)
        runtime.feed([_zeros(spec) for spec in runtime.inputs])
        runtime.invoke()
        shapes = tuple(tuple(int(size) for size in output.shape) for output in runtime.fetch())
    except BenchError as problem:
        return Trial(name, str(problem))
    except Exception as problem:
        # Runtimes raise all sorts of errors on graphs that they cannot run.
        return Trial(name, f"{name} cannot run this file: {str(problem)[:500]}")
    return Trial(name, "", proof, shapes)


def _zeros(spec: TensorSpec) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    """Return an input of zeros; an open batch is 1, any other open size a usual side."""
    sizes = [_OPEN_SIDE if size < 0 else size for size in spec.shape]
    if spec.shape and spec.shape[0] < 0:
        sizes[0] = 1
    return np.zeros(sizes, spec.dtype)
