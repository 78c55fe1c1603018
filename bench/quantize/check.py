"""Check a file right after its export: complete, of the precision asked for, and alive.

Converters have silently dropped all weights, or left operators in float; a file that fails here never becomes
an artifact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.artifact import FileFacts
from bench.core.recipe import Recipe
from bench.errors import BuildError, ModelError, UnavailableError
from bench.quantize.facts import read_graph, verify_declared
from bench.quantize.precision import ModelGraph, facts_of, is_per_channel
from bench.quantize.trial import Outputs, run_once
from bench.wire.description import Preprocess

# A file must hold at least this share of the float model's kernel values: folding removes a few, dropping all
# weights leaves none.
MIN_WEIGHT_SHARE = 0.5

# Largest root mean square of the difference to the float model's outputs, relative to that of the outputs.
# Float32 sums in another order differ by about 1e-5; float16 keeps 11 bits, and layers add up (YOLOX-nano:
# 2e-2, with single values that are off by a third of the largest).
_TOLERANCE = {"fp32": 1e-3, "fp16": 5e-2}


@dataclass(frozen=True)
class Expectation:
    """What an exported file is held against.

    Attributes:
        pixels: (h, w, 3) uint8, one real image in the model's channel order.
        num_kernel_weights: of the float model; 0 where it is not known.
        reference: output name -> the float model's values for that image; empty to compare nothing.
        is_converted: the whole model went through the runtime's converter, which quantizes all or nothing;
            otherwise layers may be left in float.
    """

    recipe: Recipe
    pixels: NDArray[np.uint8]
    preprocess: Preprocess
    num_kernel_weights: int = 0
    reference: Outputs = field(default_factory=dict)
    is_converted: bool = True


def check_export(path: Path, expected: Expectation) -> FileFacts:
    """Check a file that was just made.

    Returns:
        The facts of the file.

    Raises:
        BuildError: the file is missing, damaged, hollow, of another precision, or computes nothing useful.
        UnavailableError: the converter does not do for this model what the recipe promises.
    """
    try:
        graph = read_graph(path)
        outputs = run_once(path, expected.pixels, expected.preprocess)
    except ModelError as problem:
        raise BuildError(f"the exported file is not usable: {problem}") from problem
    facts = facts_of(graph)
    _require_promise(path, graph, facts, expected.recipe, expected.is_converted)
    problem_text = (
        _weights_problem(graph, expected.num_kernel_weights)
        or _int4_problem(graph, expected.recipe)
        or verify_declared(expected.recipe.precision, facts, expected.recipe.keeps_layers)
        or _granularity_problem(graph, expected.recipe)
        or _outputs_problem(outputs)
        or _difference_problem(outputs, expected)
    )
    if problem_text:
        raise BuildError(f"the exported {path.suffix} file failed its check: {problem_text}")
    return facts


def _weights_problem(graph: ModelGraph, num_kernel_weights: int) -> str:
    if graph.num_constants >= MIN_WEIGHT_SHARE * num_kernel_weights and graph.num_constants > 0:
        return ""
    return (
        f"it holds {graph.num_constants} weights, but the float model has {num_kernel_weights} in its "
        "kernels; the converter dropped weights"
    )


def _int4_problem(graph: ModelGraph, recipe: Recipe) -> str:
    if recipe.precision != "int4" or any(op.weight in ("int4", "uint4") for op in graph.weighted):
        return ""
    if recipe.keeps_layers:
        return (
            "nothing is left at 4 bits: keep_8bit and keep_float name every layer that could be (depthwise "
            "and transposed convolutions cannot); name fewer layers, or use precision dynamic for 8 bits"
        )
    return "nothing is left at 4 bits: no kernel of this model can be; use precision dynamic for 8 bits"


def _granularity_problem(graph: ModelGraph, recipe: Recipe) -> str:
    if recipe.is_static and recipe.granularity == "per_tensor" and is_per_channel(graph.weighted):
        return "its weights have a scale per channel, but per_tensor was asked for"
    return ""


def _require_promise(
    path: Path, graph: ModelGraph, facts: FileFacts, recipe: Recipe, is_converted: bool
) -> None:
    """Raise where LiteRT's converter quietly does less than its name says."""
    if path.suffix != ".tflite" or not is_converted:
        return
    if recipe.is_static and graph.float_ops:
        listed = ", ".join(f"{name} x{count}" for name, count in sorted(graph.float_ops.items()))
        raise UnavailableError(f"full integer is not possible: the LiteRT converter leaves {listed} in float")
    if recipe.precision == "dynamic" and facts.precision == "fp32":
        raise UnavailableError(
            "dynamic range changes nothing here: the LiteRT converter leaves kernels of fewer than 1,024 "
            "values in float32, and this model has few others"
        )


def _outputs_problem(outputs: Outputs) -> str:
    broken = [name for name, value in outputs.items() if not np.isfinite(value).all()]
    if broken:
        return f"output {', '.join(broken)} holds NaN or infinite values for a calibration image"
    if not any(value.any() for value in outputs.values()):
        return "all outputs are zero for a calibration image"
    return ""


def _difference_problem(outputs: Outputs, expected: Expectation) -> str:
    tolerance = _TOLERANCE.get(expected.recipe.precision)
    if tolerance is None:
        return ""
    for name, reference in expected.reference.items():
        found = outputs.get(name)
        if found is None or found.shape != reference.shape:
            continue
        difference, allowed = _size(found - reference), tolerance * max(_size(reference), 1e-3)
        if difference > allowed:
            return (
                f"output {name} differs from the float model's by {difference:.3g} (root mean square), "
                f"allowed {allowed:.3g}"
            )
    return ""


def _size(values: NDArray[np.float32]) -> float:
    """Return the root mean square, 0 of no values."""
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64)))) if values.size else 0.0
