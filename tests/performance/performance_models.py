"""Models and photos to measure the harness on, from a clean clone: the built-in detector and its scenes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.building.store import default_store_root
from bench.core.recipe import Recipe
from bench.errors import ModelError
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import ImageRef

DESCRIPTION = ModelDescription(
    preprocess=Preprocess(160, 160, mean=(127.5,) * 3, std=(127.5,) * 3),
    decode=Decode("ltrb", options={"strides": [8], "num_classes": 8, "activation": "sigmoid"}),
    suppression=Suppression(),
    category_ids=tuple(range(1, 9)),
)
_RUNTIMES = {".tflite": "litert", ".onnx": "onnxruntime"}
_INPUT, _OUTPUTS = "[1, 160, 160, 3]", ("[1, 400, 8]", "[1, 400, 4]")


@dataclass(frozen=True)
class PerformanceModel:
    """One file of the built-in detector."""

    precision: str
    runtime: str
    path: Path

    @property
    def label(self) -> str:
        return f"{self.runtime} {self.precision}"


def find_models(folder: Path, images: tuple[ImageRef, ...]) -> list[PerformanceModel]:
    """Return the built-in detector's files: those of an earlier run, or else fp32 and int8 made now."""
    return stored_models() or make_models(folder, images)


def stored_models() -> list[PerformanceModel]:
    """Return the built-in detector's artifacts in the cache, the newest of each precision and runtime."""
    entries = sorted(
        default_store_root().glob("artifacts/*/*/artifact.json"), key=lambda path: path.stat().st_mtime
    )
    found: dict[tuple[str, str], PerformanceModel] = {}
    for entry in entries:
        facts = json.loads(entry.read_text())["artifact"]["facts"]
        lines = " ".join(facts["inputs"] + facts["outputs"])
        for path in entry.parent.glob("model.*"):
            runtime = _RUNTIMES.get(path.suffix, "")
            if runtime and all(shape in lines for shape in (_INPUT, *_OUTPUTS)):
                model = PerformanceModel(facts["precision"], runtime, path)
                found[model.precision, runtime] = model
    return [found[key] for key in sorted(found)]


def make_models(folder: Path, images: tuple[ImageRef, ...]) -> list[PerformanceModel]:
    """Export the built-in detector (untrained where its weights are not installed) as fp32 and int8."""
    from bench.detectors import decode_photo, resize
    from bench.models.builtin.network import build_network
    from bench.models.builtin.shipped import load_builtin
    from bench.quantize.endpoint import save_endpoint, trace_endpoint
    from bench.quantize.litert import convert_litert
    from bench.quantize.onnx_float import export_onnx
    from bench.quantize.onnx_integer import quantize_static_qdq

    preprocess = DESCRIPTION.preprocess
    pixels = np.stack(
        [resize(decode_photo(Path(image.path).read_bytes()), preprocess)[0] for image in images[:16]]
    )
    try:
        network = load_builtin()
    except ModelError:
        network = build_network()
    endpoint = trace_endpoint(network, preprocess)
    save_endpoint(endpoint, folder / "saved")
    models = []
    for precision in ("fp32", "int8"):
        path = folder / f"{precision}.tflite"
        recipe = Recipe(precision, precision)
        path.write_bytes(convert_litert(folder / "saved", recipe, pixels, preprocess))
        models.append(PerformanceModel(precision, "litert", path))
    export_onnx(endpoint, folder / "fp32.onnx")
    quantize_static_qdq(
        folder / "fp32.onnx", folder / "int8.onnx", Recipe("int8", "int8"), pixels, preprocess
    )
    return models + [
        PerformanceModel(name, "onnxruntime", folder / f"{name}.onnx") for name in ("fp32", "int8")
    ]
