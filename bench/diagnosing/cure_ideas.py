"""Ideas of what may mend a quantized build: what a recipe would do otherwise, and why, likeliest first.

Every reason says what its change does; which of them can be made, and which are the same, is left to `cure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.core.model import SourceKind
from bench.core.recipe import Calibration, Recipe
from bench.diagnosing.kept_layers import (
    MOST_KEPT,
    joined_layers,
    lost_layers,
    names_of,
    shared_scales,
    weighted_layers,
)
from bench.diagnosing.loss import Lost, layers_before, layers_behind, layers_behind_convolutions
from bench.diagnosing.tensor_report import TensorReport

# Fewer calibration images than this see too little of what activations reach.
FEW_IMAGES = 32
MANY_IMAGES = 100

# Share of float values that the integers cut off at the first lost layer, beyond which ranges are wrong.
CLIPPED = 0.001

# A channel that reaches so many times less than another has 3 of 8 bits left.
ILL_SCALED = 32.0

# Names in a reason; the recipe has them all.
NUM_NAMED = 3

# What a recipe does otherwise, and why.
Idea = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Means:
    """What there is to build with.

    Attributes:
        kind: of the model's source.
        runtime: canonical name, as in `bench.quantize.availability.SUFFIXES`.
        num_images: that the calibration set holds.
    """

    kind: SourceKind
    runtime: str
    num_images: int


def ideas(recipe: Recipe, means: Means, report: TensorReport, losses: Sequence[Lost]) -> Iterator[Idea]:
    """Yield what may mend a build, the most fitting first."""
    if recipe.is_static:
        yield from _calibrations(recipe, means, losses)
    if recipe.granularity == "per_tensor" and recipe.precision != "dynamic":
        yield "one weight scale for all channels is too coarse", {"granularity": "per_channel"}
    if recipe.precision == "qat":
        return
    if recipe.is_static:
        yield from _joins(report, losses)
    yield from _balance(recipe, report, losses)
    if losses:
        yield from _kept(recipe, report, losses)
    yield from _coarser(recipe)


def _calibrations(recipe: Recipe, means: Means, losses: Sequence[Lost]) -> Iterator[Idea]:
    present = recipe.calibration
    used = min(present.images, means.num_images)
    if present.source != "images":
        yield f"ranges were found on {present.source}, not on images", {"calibration": Calibration()}
    elif used < FEW_IMAGES and used < means.num_images:
        text = f"ranges were found on {used} of {means.num_images} calibration images"
        yield text, {"calibration": replace(present, images=MANY_IMAGES)}
    if present.method != "minmax" and any(lost.layer.figures.clipped > CLIPPED for lost in losses):
        share = max(lost.layer.figures.clipped for lost in losses)
        text = f"{present.method} calibration cuts off {share:.1%} of the values"
        yield text, {"calibration": replace(present, method="minmax")}


def _joins(report: TensorReport, losses: Sequence[Lost]) -> Iterator[Idea]:
    joins = shared_scales(report, losses)
    if joins:
        more = f" and {len(joins) - NUM_NAMED} more" if len(joins) > NUM_NAMED else ""
        names = ", ".join(map(shortened, joins[:NUM_NAMED]))
        text = f"small and large values share one scale in {names}{more}; "
        text += "in float, or as outputs of their own, they would not"
        yield text, {"keep_float": joined_layers(report, joins, losses)}


def _balance(recipe: Recipe, report: TensorReport, losses: Sequence[Lost]) -> Iterator[Idea]:
    ratio = widest_ratio(report, losses)
    if ratio > ILL_SCALED:
        yield f"channels differ {ratio:.0f} times in what they reach", {"equalize": True}
    elif recipe.precision == "int4":
        yield "4 bits suit kernels better whose channels are balanced", {"equalize": True}


def _kept(recipe: Recipe, report: TensorReport, losses: Sequence[Lost]) -> Iterator[Idea]:
    if not recipe.is_static:
        yield from _kept_weights(recipe, report, losses)
        return
    names, with_rest = lost_layers(report, losses)
    rest = ", and all behind them," if with_rest else ""
    yield f"the layers that lose the signal{rest} stay in float", {"keep_float": names}
    tail = layers_behind_convolutions(report, losses)
    if tail and len(tail) <= MOST_KEPT:
        yield "all that follows the last convolutions stays in float", {"keep_float": tail}


def _kept_weights(recipe: Recipe, report: TensorReport, losses: Sequence[Lost]) -> Iterator[Idea]:
    """Yield kernels to keep: at 8 bits where they have 4, with those behind or before them, or in float."""
    own = weighted_layers(report, names_of(losses))
    if recipe.precision == "int4" and own:
        yield "the kernels that lose the signal get 8 bits", {"keep_8bit": own}
        # At 8 bits a kernel is still small, so that many may have them.
        behind = weighted_layers(report, layers_behind(report, own))
        yield "the kernels that lose the signal, and all behind them, get 8 bits", {"keep_8bit": behind}
        before = weighted_layers(report, layers_before(report, own))
        yield "the kernels that lose the signal, and all before them, get 8 bits", {"keep_8bit": before}
    if own:
        yield "the kernels that lose the signal stay in float", {"keep_float": own}


def _coarser(recipe: Recipe) -> Iterator[Idea]:
    """Yield what is tried at last: other ranges, and more bits for all layers."""
    if recipe.is_static and recipe.calibration.method == "minmax":
        text = "percentile calibration leaves outliers out, which makes all other steps finer"
        yield text, {"calibration": replace(recipe.calibration, method="percentile")}
    if recipe.precision == "int8":
        wide = {"precision": "int16x8", "activations": Recipe("wide", "int16x8").activations}
        yield "8 bits are too few for these activations, 16 may do", wide
    if recipe.precision == "int4":
        eight = {"precision": "dynamic", "granularity": "per_channel", "keep_8bit": ()}
        yield "4 bits are too few for these kernels, the 8 of `dynamic` may do", eight


def widest_ratio(report: TensorReport, losses: Sequence[Lost]) -> float:
    """Return how many times the widest channel outreaches the median one, at or right before a loss."""
    names = set(names_of(losses))
    names |= {source for name in tuple(names) for source in report.graph.get(name, ())}
    return max((layer.figures.range_ratio for layer in report.layers if layer.name in names), default=1.0)


def shortened(name: str) -> str:
    """Return a layer's name without the list of fused operations that converters put into it."""
    last = name.split(";")[-1].rstrip("/")
    return repr(last if len(last) <= 60 else "…" + last[-59:])
