"""LiteRT (`.tflite`) on the CPU, through its Python interpreter.

The timed statement is `Interpreter.invoke`; copying in and out (`set_tensor`, `get_tensor`) is apart.
"""

from __future__ import annotations

from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from bench.agent.runtimes.base import Array, dtype_name, take_options
from bench.errors import ModelError
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

# xnnpack: the delegate that LiteRT applies by default; off only to show what it brings.
_DEFAULTS: dict[str, Any] = {"xnnpack": True}
_DELEGATE = "DELEGATE"


class LiteRt:
    """One `.tflite` model in a LiteRT interpreter."""

    def __init__(self, model: Path, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._options = take_options(settings.options, _DEFAULTS)
        self._interpreter = _load(model, settings.threads, self._options["xnnpack"])
        self._read_details()
        # Bound here so that the timed statement is the interpreter's own method, without a wrapper.
        self.invoke = self._interpreter.invoke

    def feed(self, inputs: list[Array]) -> None:
        """Copy the inputs into the interpreter; a shape that differs from the last one reallocates."""
        for position, array in enumerate(inputs):
            if array.shape != self._shapes[position]:
                self._resize(position, array.shape)
            self._interpreter.set_tensor(self._input_indices[position], array)

    def fetch(self) -> list[Array]:
        """Return copies of the outputs."""
        return [self._interpreter.get_tensor(index) for index in self._output_indices]

    def proof(self, scratch: Path | None = None) -> dict[str, Any]:
        """Report the version, the threads asked for, and which operators XNNPACK took."""
        facts: dict[str, Any] = {
            "runtime": "litert",
            "runtime_version": version("ai-edge-litert"),
            "threads": self._settings.threads,
            "options": self._options,
        }
        return (
            facts if scratch is None else {**facts, **count_operators(self._interpreter._get_ops_details())}
        )

    def _read_details(self) -> None:
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.inputs = [_spec(detail) for detail in inputs]
        self.outputs = [_spec(detail) for detail in outputs]
        self._input_indices = [detail["index"] for detail in inputs]
        self._output_indices = [detail["index"] for detail in outputs]
        self._shapes = [tuple(int(size) for size in detail["shape"]) for detail in inputs]

    def _resize(self, position: int, shape: tuple[int, ...]) -> None:
        declared = self.inputs[position].shape
        if len(declared) != len(shape) or any(d not in (-1, s) for d, s in zip(declared, shape, strict=True)):
            raise ModelError(f"input {self.inputs[position].name!r}: got shape {shape}, expected {declared}")
        self._interpreter.resize_tensor_input(self._input_indices[position], shape)
        self._interpreter.allocate_tensors()
        self._shapes[position] = shape


def count_operators(operators: list[dict[str, Any]]) -> dict[str, Any]:
    """Count a graph's operators and those that a delegate runs in their place.

    The interpreter lists the original operators and, behind them, one `DELEGATE` for each part that a
    delegate took over. What it took is found by walking from the delegate's outputs back to its inputs.

    Args:
        operators: dicts with `op_name`, `inputs` and `outputs` (tensor indices).

    Returns:
        `delegate` (XNNPACK is the only one this runtime applies), `num_ops` of the file, `num_delegated`,
        `num_delegates`, and `ops`, how many of each kind the file has.
    """
    own = [operator for operator in operators if operator["op_name"] != _DELEGATE]
    delegates = [operator for operator in operators if operator["op_name"] == _DELEGATE]
    maker = {int(tensor): i for i, operator in enumerate(own) for tensor in operator["outputs"]}
    taken: set[int] = set()
    for delegate in delegates:
        edge = {int(tensor) for tensor in delegate["inputs"]}
        waiting = [int(tensor) for tensor in delegate["outputs"]]
        while waiting:
            tensor = waiting.pop()
            if tensor in edge or tensor not in maker or maker[tensor] in taken:
                continue
            taken.add(maker[tensor])
            waiting.extend(int(source) for source in own[maker[tensor]]["inputs"])
    return {
        "delegate": "xnnpack" if delegates else "",
        "num_ops": len(own),
        "num_delegated": len(taken),
        "num_delegates": len(delegates),
        "ops": dict(sorted(Counter(str(operator["op_name"]) for operator in own).items())),
    }


def _load(model: Path, threads: int, with_xnnpack: bool) -> Any:
    kind = OpResolverType.AUTO if with_xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = Interpreter(str(model), num_threads=threads, experimental_op_resolver_type=kind)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as problem:
        raise ModelError(
            f"{model}: LiteRT cannot load this file ({problem}); expected a whole .tflite model"
        ) from problem
    return interpreter


def _spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    signature = detail["shape_signature"]
    shape = signature if len(signature) else detail["shape"]
    return TensorSpec(
        name=detail["name"],
        shape=tuple(int(size) for size in shape),
        dtype=dtype_name(detail["dtype"]),
        scale=float(scale),
        zero_point=int(zero_point),
    )
