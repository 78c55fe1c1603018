"""Looks into Keras models (.keras, .h5): layers and weights from their JSON and HDF5 parts, without Keras.

Outputs' shapes are not in the file; Keras computes them, in its safe mode, where it can load the model.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.artifact import FileFacts
from bench.core.record import Advice
from bench.errors import ModelError
from bench.inspecting.file_report import FileFormat, FileReport
from bench.quantize.tensors import TensorFacts
from bench.wire.tensor import TensorSpec

# A model's configuration is text; a larger one is none.
_LARGEST_CONFIG = 64_000_000

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"

_Specs = tuple[TensorSpec, ...]


def read_keras(path: Path, kind: FileFormat, sha256: str, size_bytes: int) -> FileReport:
    """Read a Keras model file.

    Raises:
        ModelError: it is damaged, or holds no model.
    """
    try:
        config, version, tensors = _of_archive(path) if kind == "keras" else _of_hdf5(path)
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError, RecursionError) as problem:
        raise ModelError(
            f"{path}: not a Keras model, or damaged ({type(problem).__name__}: {str(problem)[:200]}); save "
            "the whole model again"
        ) from problem
    inputs, outputs, oddities = _interface(path, config)
    return FileReport(
        path=str(path),
        format=kind,
        sha256=sha256,
        size_bytes=size_bytes,
        facts=_facts(config, tensors, inputs, outputs),
        inputs=inputs,
        outputs=outputs,
        tensors=tuple(tensors),
        producer=f"Keras {version}".strip(),
        oddities=oddities,
    )


def _of_archive(path: Path) -> tuple[dict[str, Any], str, list[TensorFacts]]:
    """Return configuration, version and weights of a .keras file; nothing is unpacked to disk."""
    with zipfile.ZipFile(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        missing = [name for name in (_CONFIG, _WEIGHTS) if name not in sizes]
        if missing:
            raise ValueError(f"it has no {missing[0]}")
        if sizes[_CONFIG] > _LARGEST_CONFIG or sizes.get(_METADATA, 0) > _LARGEST_CONFIG:
            raise ValueError(f"its {_CONFIG} has {sizes[_CONFIG]} bytes, expected at most {_LARGEST_CONFIG}")
        # Weights hardly compress: a member that claims far more than the whole file is a trap.
        if sizes[_WEIGHTS] > 100 * path.stat().st_size:
            raise ValueError(f"its {_WEIGHTS} claims {sizes[_WEIGHTS]} bytes")
        config = json.loads(archive.read(_CONFIG))
        about = json.loads(archive.read(_METADATA)) if _METADATA in sizes else {}
        weights = io.BytesIO(archive.read(_WEIGHTS))
    return _mapping(config), str(_mapping(about).get("keras_version", ""))[:40], list(_weights(weights))


def _of_hdf5(path: Path) -> tuple[dict[str, Any], str, list[TensorFacts]]:
    """Return configuration, version and weights of an .h5 file that holds a whole model."""
    import h5py  # type: ignore[import-untyped, unused-ignore]

    with h5py.File(path, "r") as file:
        if "model_config" not in file.attrs:
            raise ValueError("it holds weights alone, without the model's configuration")
        config = json.loads(file.attrs["model_config"])
        version = str(file.attrs.get("keras_version", ""))[:40]
    return _mapping(config), version, list(_weights(path))


def _weights(source: Path | io.BytesIO) -> Iterator[TensorFacts]:
    """Yield the arrays of an HDF5 file; links to other files are not followed."""
    import h5py  # type: ignore[import-untyped, unused-ignore]

    with h5py.File(source, "r") as file:
        found: list[TensorFacts] = []

        def visit(name: str, item: Any) -> None:
            is_own = isinstance(item, h5py.Dataset) and "optimizer" not in name.split("/")[0]
            if is_own and not name.startswith("optimizer"):
                shape = tuple(int(size) for size in item.shape or ())
                found.append(
                    TensorFacts(name, "weight", str(item.dtype), shape, int(item.size * item.dtype.itemsize))
                )

        file.visititems(visit)
    yield from found


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"its configuration is a {type(value).__name__}, expected a mapping")
    return value


def _facts(config: dict[str, Any], tensors: list[TensorFacts], inputs: _Specs, outputs: _Specs) -> FileFacts:
    weight_bytes: Counter[str] = Counter()
    for tensor in tensors:
        weight_bytes[tensor.dtype] += tensor.num_bytes
    floats = [dtype for dtype in weight_bytes if dtype.startswith("float")]
    precision = "fp32" if floats == ["float32"] else "fp16" if floats == ["float16"] else "mixed"
    return FileFacts(
        precision=precision,
        weight_bytes=dict(weight_bytes),
        ops=dict(Counter(str(layer.get("class_name", "?")) for layer in _layers(config))),
        inputs=tuple(_line(spec) for spec in inputs),
        outputs=tuple(_line(spec) for spec in outputs),
    )


def _line(spec: TensorSpec) -> str:
    return f"{spec.name} {spec.dtype} {list(spec.shape)}"


def _layers(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the layers, those of nested models included."""
    inner = config.get("config")
    layers = inner.get("layers", []) if isinstance(inner, dict) else inner if isinstance(inner, list) else []
    for layer in layers:
        if isinstance(layer, dict):
            has_own = isinstance(layer.get("config"), dict) and "layers" in layer["config"]
            yield from _layers(layer) if has_own else [layer]


def _interface(path: Path, config: dict[str, Any]) -> tuple[_Specs, _Specs, tuple[Advice, ...]]:
    """Return inputs and outputs; as far as the configuration has them where Keras cannot load the model."""
    try:
        return (*_loaded(path), ())
    except Exception as problem:
        # Keras raises all sorts of errors for a wrong file; which one, the reader wants to know.
        first = next((line.strip() for line in str(problem).splitlines() if line.strip()), "")
        text = f"Keras cannot load the model, so its outputs are not known: {first[:200]}"
        return _declared_inputs(config), (), (Advice("not_loadable", text, _CURE),)


_CURE = "give a complete model of Keras' own layers, without Lambda layers or custom classes"


def _loaded(path: Path) -> tuple[_Specs, _Specs]:
    import keras

    model: Any = keras.saving.load_model(path, compile=False, safe_mode=True)
    names = list(model.output_names) if hasattr(model, "output_names") else []
    inputs = tuple(_spec(tensor, getattr(tensor, "name", "input")) for tensor in model.inputs)
    outputs = tuple(
        _spec(tensor, names[i] if i < len(names) else tensor.name) for i, tensor in enumerate(model.outputs)
    )
    return inputs, outputs


def _spec(tensor: Any, name: str) -> TensorSpec:
    shape = tuple(-1 if size is None else int(size) for size in tensor.shape)
    return TensorSpec(name, shape, str(tensor.dtype))


def _declared_inputs(config: dict[str, Any]) -> _Specs:
    """Read the input layers of a functional model from its configuration."""
    specs = []
    for layer in _layers(config):
        own = layer.get("config") or {}
        shape = own.get("batch_shape") or own.get("batch_input_shape")
        if layer.get("class_name") == "InputLayer" and isinstance(shape, list):
            sizes = tuple(-1 if size is None else int(size) for size in shape)
            dtype = own.get("dtype") if isinstance(own.get("dtype"), str) else "float32"
            specs.append(TensorSpec(str(own.get("name", "input")), sizes, str(dtype)))
    return tuple(specs)
