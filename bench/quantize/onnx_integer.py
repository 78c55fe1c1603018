"""Integer ONNX files from an fp32 one: dynamic range, and static quantization in QDQ form.

Inputs and outputs stay float32; `Recipe.io` speaks of LiteRT only. Types of activations are the recipe's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Recipe
from bench.errors import BuildError
from bench.quantize.layers import NOTHING_KEPT, KeptLayers, layer_names
from bench.quantize.pixels import normalise
from bench.wire.description import Preprocess

# Values kept by percentile calibration, in percent: ONNX Runtime's own default.
PERCENTILE = 99.999

# Images whose activations are held in memory at once by percentile and entropy calibration.
CHUNK = 10


def quantize_weights(source: Path, target: Path, kept: KeptLayers = NOTHING_KEPT) -> None:
    """Write a dynamic-range copy: integer weights, activations quantized at run time.

    Weights are QUInt8: with QInt8 the ConvInteger kernel of ONNX Runtime was five times slower on x86.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(source, Path(folder))
        excluded = still_there(kept.in_float, prepared)
        quantize_dynamic(str(prepared), str(target), weight_type=QuantType.QUInt8, nodes_to_exclude=excluded)


def quantize_static_qdq(
    source: Path,
    target: Path,
    recipe: Recipe,
    pixels: NDArray[np.uint8],
    preprocess: Preprocess,
    kept: KeptLayers = NOTHING_KEPT,
) -> None:
    """Write a full-integer copy in QDQ form, with int8 weights.

    Args:
        pixels: (n, h, w, 3) uint8 calibration images.
        kept: names as in `bench.quantize.layers`.
    """
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(source, Path(folder))
        quantization.quantize_static(
            str(prepared),
            str(target),
            _reader(prepared, pixels, preprocess),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=recipe.granularity == "per_channel",
            weight_type=quantization.QuantType.QInt8,
            activation_type=_activation_type(recipe),
            calibrate_method=_method(recipe),
            nodes_to_exclude=still_there(kept.in_float, prepared),
            extra_options=_options(recipe, len(pixels)) | _overrides(kept, prepared),
        )


def dynamic_notes() -> tuple[str, ...]:
    """Say what a reader should know of a dynamic-range ONNX file."""
    return (
        "weights are uint8: int8 weights run about five times slower in ONNX Runtime's ConvInteger on x86",
    )


def static_notes(recipe: Recipe) -> tuple[str, ...]:
    """Say what a reader should know of a static ONNX file made by this recipe."""
    notes = ["inputs and outputs are float32 (io applies to LiteRT only)"]
    if recipe.precision == "int16x8":
        notes.append(
            "ONNX Runtime has no kernels for int16 activations: it rounds to them and computes in float32; "
            "the file (opset 21) needs ONNX Runtime 1.18 or later"
        )
    elif recipe.activations == "uint8":
        notes.append(
            "uint8 activations with int8 weights saturate on x86 processors without VNNI, which costs "
            "accuracy there"
        )
    if recipe.calibration.method == "percentile":
        notes.append(f"calibration keeps {PERCENTILE}% of the values")
    return tuple(notes)


def prepare(source: Path, folder: Path) -> Path:
    """Fold constants and infer shapes, without which quantizers skip tensors or fail."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = folder / "prepared.onnx"
    # Symbolic shapes need sympy and bring nothing here: all shapes are fixed.
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    return prepared


def still_there(names: Sequence[str], prepared: Path) -> list[str]:
    """Return those layers that the prepared file still has; the others were merged into their neighbours.

    Raises:
        BuildError: none is left.
    """
    known = set(layer_names(prepared))
    left = [name for name in names if name in known]
    if names and not left:
        raise BuildError(
            f"keep_float and keep_8bit: the layers {', '.join(names[:5])} are merged into others before "
            "quantization; name the layers that they follow"
        )
    return left


def _overrides(kept: KeptLayers, prepared: Path) -> dict[str, Any]:
    """Give what the layers at 8 bits read and write activations of 8 bits."""
    import onnx
    from onnxruntime.quantization import QuantType

    chosen = set(still_there(kept.at_8_bits, prepared))
    if not chosen:
        return {}
    graph = onnx.load(str(prepared)).graph
    names = {name for node in graph.node if node.name in chosen for name in (node.input[0], *node.output)}
    return {"TensorQuantOverrides": {name: [{"quant_type": QuantType.QUInt8}] for name in sorted(names)}}


def _activation_type(recipe: Recipe) -> Any:
    from onnxruntime.quantization import QuantType

    if recipe.precision == "int16x8":
        return QuantType.QInt16
    return QuantType.QUInt8 if recipe.activations == "uint8" else QuantType.QInt8


def _method(recipe: Recipe) -> Any:
    from onnxruntime.quantization import CalibrationMethod

    names = {"minmax": "MinMax", "percentile": "Percentile", "entropy": "Entropy"}
    return getattr(CalibrationMethod, names[recipe.calibration.method])


def _options(recipe: Recipe, num_images: int) -> dict[str, Any]:
    """Return options that bound memory: histograms are gathered over chunks that divide the images evenly."""
    options: dict[str, Any] = {}
    if recipe.calibration.method == "percentile":
        options["CalibPercentile"] = PERCENTILE
    if recipe.calibration.method != "minmax":
        options["CalibStridedMinMax"] = max(size for size in range(1, CHUNK + 1) if num_images % size == 0)
    return options


def _reader(model: Path, pixels: NDArray[np.uint8], preprocess: Preprocess) -> Any:
    """Return an `onnxruntime` calibration reader over the images, one a call."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader

    name = onnx.load(str(model), load_external_data=False).graph.input[0].name

    class Reader(CalibrationDataReader):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            self.position, self.end = 0, len(pixels)

        def __len__(self) -> int:
            return len(pixels)

        def set_range(self, start_index: int, end_index: int) -> None:
            self.position, self.end = start_index, end_index

        def get_next(self) -> dict[str, NDArray[np.float32]] | None:
            if self.position >= self.end:
                return None
            self.position += 1
            return {name: normalise(pixels[self.position - 1 : self.position], preprocess)}

    return Reader()
