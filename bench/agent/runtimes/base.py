"""What a runtime must do to be measured. One file beside this one for each; the table is in `__init__`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bench.errors import ModelError
from bench.wire.job import RuntimeSettings
from bench.wire.tensor import TensorSpec

Array = NDArray[Any]


class Runtime(Protocol):
    """One loaded model. `feed`, `invoke`, `fetch` are apart so that a clock can stand around `invoke` alone.

    Attributes:
        inputs, outputs: tensors as the runtime declares them, in its own order.
    """

    inputs: list[TensorSpec]
    outputs: list[TensorSpec]

    def feed(self, inputs: list[Array]) -> None:
        """Hand over one array for each input, of the declared shape and dtype."""

    def invoke(self) -> None:
        """Run the model once on what was fed; this call alone is what `inference` means."""

    def fetch(self) -> list[Array]:
        """Return the raw outputs of the last call, in the order of `outputs`; later calls leave them be."""

    def proof(self, scratch: Path | None = None) -> dict[str, Any]:
        """Report what really runs: version, threads, kernels.

        Args:
            scratch: a folder to write into while looking closely, which may take as long as another load;
                None for what is known without effort.
        """


class RuntimeClass(Protocol):
    """Loads a model file: the class of a runtime, called. Importing it imports the runtime."""

    def __call__(self, model: Path, settings: RuntimeSettings) -> Runtime:
        """Load a model file.

        Raises:
            ModelError: the file cannot be loaded, or an option is unknown.
        """


def take_options(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a runtime's options with its defaults.

    Raises:
        ModelError: an option is unknown or of another type than its default.
    """
    for name, value in given.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ModelError(f"runtime option {name!r} is unknown, expected {', '.join(defaults)}{hint}")
        kind = type(defaults[name])
        if kind is bool and not isinstance(value, bool):
            raise ModelError(f"runtime option {name}: got {value!r}, expected true or false")
    return {**defaults, **given}


def dtype_name(dtype: Any) -> str:
    """Return numpy's name of an element type."""
    return str(np.dtype(dtype).name)
