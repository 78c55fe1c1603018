"""ONNX Runtime (`.onnx`) on the CPU.

The timed statement is `InferenceSession.run` on a prepared feed: what a Python program calls, so wrapping the
inputs and allocating the outputs are inside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from bench.agent.failure import is_out_of_memory
from bench.agent.runtimes.base import Array, take_options
from bench.agent.runtimes.onnx_graph import count_operators, summarize_operators
from bench.errors import ModelError
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

# allow_spinning: whether idle threads of the pool burn a core while they wait for the next operator. The
# runtime's own default is to spin. It is off here because it reaches beyond the call that is timed: on a busy
# two-core machine at two threads it slowed the stage after the call 2.7 to 3 times (2.0 to 6.1 ms) and the
# calls themselves twice (10.4 to 22.2 ms). It has no effect at one thread.
_DEFAULTS: dict[str, Any] = {"allow_spinning": False}
_PROVIDERS = ["CPUExecutionProvider"]
# Severity 3 is errors alone: advice on saving optimized graphs is no news to us.
_ERRORS_ONLY = 3

_DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(uint16)": "uint16",
    "tensor(int16)": "int16",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(bool)": "bool",
}


class OnnxRuntime:
    """One `.onnx` model in an inference session."""

    def __init__(self, model: Path, settings: RuntimeSettings) -> None:
        self._model, self._settings = model, settings
        self._options = take_options(settings.options, _DEFAULTS)
        self._session = self._load(self._session_options())
        self.inputs = [_spec(node) for node in self._session.get_inputs()]
        self.outputs = [_spec(node) for node in self._session.get_outputs()]
        self._names = [spec.name for spec in self.outputs]
        self._feed: dict[str, Array] = {}
        self._results: list[Array] = []

    def feed(self, inputs: list[Array]) -> None:
        """Keep the inputs by name; nothing is copied here."""
        self._feed = {spec.name: array for spec, array in zip(self.inputs, inputs, strict=True)}

    def invoke(self) -> None:
        """Run the session once."""
        self._results = self._session.run(self._names, self._feed)

    def fetch(self) -> list[Array]:
        """Return the outputs of the last run; each run makes new ones."""
        return self._results

    def proof(self, scratch: Path | None = None) -> dict[str, Any]:
        """Report version, providers and threads, and on a close look the operators of the optimized graph."""
        options = self._session.get_session_options()
        facts: dict[str, Any] = {
            "runtime": "onnxruntime",
            "runtime_version": onnxruntime.__version__,
            "providers": self._session.get_providers(),
            "threads": options.intra_op_num_threads,
            "inter_op_threads": options.inter_op_num_threads,
            "options": self._options,
        }
        return facts if scratch is None else {**facts, **self._count_operators(scratch)}

    def _count_operators(self, scratch: Path) -> dict[str, Any]:
        path = scratch / "optimized.onnx"
        options = self._session_options()
        options.optimized_model_filepath = str(path)
        self._load(options)
        ops = count_operators(path)
        path.unlink()
        return {**summarize_operators(ops), "ops": ops}

    def _session_options(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._settings.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        spinning = "1" if self._options["allow_spinning"] else "0"
        options.add_session_config_entry("session.intra_op.allow_spinning", spinning)
        options.add_session_config_entry("session.inter_op.allow_spinning", spinning)
        return options

    def _load(self, options: Any) -> Any:
        try:
            return onnxruntime.InferenceSession(str(self._model), options, providers=_PROVIDERS)
        except Exception as problem:
            # The session's exceptions share no base class but Exception.
            if is_out_of_memory(problem):
                raise
            raise ModelError(
                f"{self._model}: ONNX Runtime cannot load this file ({problem}); expected a whole .onnx model"
            ) from problem


def _spec(node: Any) -> TensorSpec:
    if node.type not in _DTYPES:
        raise ModelError(f"tensor {node.name!r} has type {node.type}, expected one of {', '.join(_DTYPES)}")
    shape = tuple(size if isinstance(size, int) else -1 for size in node.shape)
    return TensorSpec(name=node.name, shape=shape, dtype=_DTYPES[node.type])
