"""Quantize a float .tflite file layer by layer: int4 weights, layers kept in float, files as sources.

ai-edge-quantizer decides layer by layer, which the LiteRT converter cannot. Activation ranges are the
smallest and largest values seen, as the converter takes them; the quantizer's own default, a moving
average, gives other scales. Operators that it does not know stay in float.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Recipe
from bench.errors import BuildError
from bench.quantize.layers import KeptLayers
from bench.quantize.litert_names import end_names, rename_ends
from bench.quantize.litert_signature import with_signature
from bench.quantize.pixels import inputs_one_by_one
from bench.wire.description import Preprocess

_ALL = ".*"

# The same, as another key: rules are applied in the order in which their expressions first came.
_ALL_AGAIN = "^.*$"

_ACTIVATION_BITS = {"int8": 8, "mixed": 8, "int16x8": 16}


def quantize_edge(
    source: Path, recipe: Recipe, kept: KeptLayers, pixels: NDArray[np.uint8] | None, preprocess: Preprocess
) -> bytes:
    """Quantize a float32 .tflite file by a recipe.

    Args:
        source: only read.
        kept: names as in `bench.quantize.layers`.
        pixels: (n, h, w, 3) uint8 calibration images; needed for integer activations only.

    Raises:
        BuildError: the quantizer refused, with its reason.
    """
    from ai_edge_quantizer.quantizer import Quantizer

    content = with_signature(source.read_bytes())
    try:
        quantizer = Quantizer(content)
        _add_rules(quantizer, recipe, kept)
        ranges = _find_ranges(content, recipe, pixels, preprocess) if recipe.is_static else None
        made = bytes(quantizer.quantize(ranges, enable_progress_report=False).quantized_model)
    except Exception as problem:
        # The quantizer raises ValueError, RuntimeError, KeyError and AssertionError for what it cannot do.
        first = (str(problem).strip() or type(problem).__name__).splitlines()[0][:300]
        raise BuildError(f"ai-edge-quantizer refused {recipe.precision}: {first}") from problem
    return rename_ends(made, end_names(content))


def edge_notes(recipe: Recipe, kept: KeptLayers) -> tuple[str, ...]:
    """Say what a reader should know of a file made here."""
    notes = [
        "quantized layer by layer with ai-edge-quantizer, which leaves operators it does not know in float"
    ]
    if recipe.precision == "int4":
        notes.append(
            "weights are int4 (per channel, dequantized to float at run time); kernels that cannot be int4 "
            "(depthwise and transposed convolutions) have int8 weights"
        )
    if kept.in_float:
        notes.append(f"{len(kept.in_float)} layers kept in float")
    if kept.at_8_bits:
        notes.append(f"{len(kept.at_8_bits)} layers kept at 8 bits")
    return tuple(notes)


def _add_rules(quantizer: Any, recipe: Recipe, kept: KeptLayers) -> None:
    """Say how each layer is quantized; of the rules that fit a layer, the last one counts."""
    from ai_edge_quantizer.qtyping import TFLOperationName as Op
    from ai_edge_quantizer.quantizer import AlgorithmName

    _add_main_rules(quantizer, recipe)
    for name in kept.at_8_bits:
        _add_8_bit_rule(quantizer, recipe, _expression(name))
    for name in kept.in_float:
        quantizer.update_quantization_recipe(
            _expression(name), Op.ALL_SUPPORTED, algorithm_key=AlgorithmName.NO_QUANTIZE
        )
    if not recipe.is_static:
        return
    # Inputs and outputs count as layers, named as their tensors: say what becomes of them at the very end.
    for op in (Op.INPUT, Op.OUTPUT):
        if recipe.io == "float32" or (op == Op.OUTPUT and kept.in_float):
            quantizer.update_quantization_recipe(_ALL_AGAIN, op, algorithm_key=AlgorithmName.NO_QUANTIZE)
        else:
            quantizer.add_static_config(_ALL_AGAIN, op, _ACTIVATION_BITS[recipe.precision], 8)


def _add_main_rules(quantizer: Any, recipe: Recipe) -> None:
    from ai_edge_quantizer.qtyping import QuantGranularity
    from ai_edge_quantizer.qtyping import TFLOperationName as Op
    from ai_edge_quantizer.quantizer import AlgorithmName

    is_split = recipe.granularity == "per_channel"
    granularity = QuantGranularity.CHANNELWISE if is_split else QuantGranularity.TENSORWISE
    if recipe.precision == "fp16":
        quantizer.add_weight_only_config(
            _ALL, Op.ALL_SUPPORTED, 16, algorithm_key=AlgorithmName.FLOAT_CASTING
        )
    elif recipe.precision == "dynamic":
        quantizer.add_dynamic_config(_ALL, Op.ALL_SUPPORTED, 8)
    elif recipe.precision == "int4":
        # The second rule takes effect where 4 bits are possible.
        quantizer.add_weight_only_config(_ALL, Op.ALL_SUPPORTED, 8, granularity)
        quantizer.add_weight_only_config(_ALL_AGAIN, Op.ALL_SUPPORTED, 4, granularity)
    else:
        bits = _ACTIVATION_BITS[recipe.precision]
        quantizer.add_static_config(_ALL, Op.ALL_SUPPORTED, bits, 8, granularity)


def _add_8_bit_rule(quantizer: Any, recipe: Recipe, expression: str) -> None:
    from ai_edge_quantizer.qtyping import TFLOperationName as Op

    if recipe.precision == "int4":
        quantizer.add_weight_only_config(expression, Op.ALL_SUPPORTED, 8)
    else:
        quantizer.add_static_config(expression, Op.ALL_SUPPORTED, 8, 8)


def _expression(name: str) -> str:
    """Return the regular expression of a layer, which the quantizer calls by its outputs, each ended by
    `;`.
    """
    return f"^{re.escape(name)};"


def _find_ranges(
    content: bytes, recipe: Recipe, pixels: NDArray[np.uint8] | None, preprocess: Preprocess
) -> dict[str, Any]:
    """Return the smallest and largest value of each tensor over all images."""
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer.calibrator import Calibrator
    from ai_edge_quantizer.qtyping import TFLOperationName as Op
    from ai_edge_quantizer.recipe_manager import RecipeManager
    from ai_edge_quantizer.utils.qsv_utils import min_max_update

    assert pixels is not None
    # Every tensor is looked at, whatever becomes of its layer.
    rules = RecipeManager()
    rules.add_static_config(_ALL, Op.ALL_SUPPORTED, _ACTIVATION_BITS[recipe.precision], 8)
    ((key, ends),) = Interpreter(model_content=content).get_signature_list().items()
    calibrator = Calibrator(content, num_threads=2, qsv_update_func=min_max_update)
    # One image at a time: the calibrator would hold all of them as floats.
    for value in inputs_one_by_one(pixels, preprocess):
        calibrator.calibrate({key: [{ends["inputs"][0]: value}]}, rules)
    found: dict[str, Any] = calibrator.get_model_qsvs()
    return found
