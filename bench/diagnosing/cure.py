"""Cures for a quantized build that lost its signal: recipes to try, the most fitting one first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.core.model import SourceKind
from bench.core.recipe import Calibration, Recipe
from bench.diagnosing.loss import Lost, layers_behind, layers_behind_convolutions
from bench.diagnosing.settings import as_yaml
from bench.diagnosing.tensor_report import TensorReport

# Fewer calibration images than this see too little of what activations reach.
FEW_IMAGES = 32
MANY_IMAGES = 100

# Share of float values that the integers cut off at the first lost layer, beyond which ranges are wrong.
CLIPPED = 0.001

# A channel that reaches so many times less than another has 3 of 8 bits left.
ILL_SCALED = 32.0

# A head is small; keeping more layers than this in float gives up what quantizing is for.
MOST_KEPT = 24

# A tensor whose whole is this much better than its channels is ruled by a few of them.
RULED_DB = 10.0

# Kinds of sources whose channels can be equalised.
_EQUALIZED: tuple[SourceKind, ...] = ("builtin", "keras", "onnx")

# Operators that compute nothing new but bring values together.
_JOINS = ("CONCAT", "PACK", "STACK")


@dataclass(frozen=True)
class Cure:
    """One recipe that may bring the accuracy back, and why it might.

    Attributes:
        options: of the recipe, as a suite has them.
    """

    reason: str
    recipe: Recipe
    options: dict[str, Any]

    @property
    def lines(self) -> tuple[str, ...]:
        """The block to paste into a suite, and how its matrix calls it."""
        return ("recipes:", f"  {self.recipe.name}: {as_yaml(self.options)}")


def find_cures(
    recipe: Recipe, kind: SourceKind, report: TensorReport, losses: Sequence[Lost]
) -> tuple[Cure, ...]:
    """Return the cures that fit what was seen, each as a recipe named `cured`.

    Args:
        kind: of the model's source; not all can be equalised.
    """
    seen: dict[str, Cure] = {}
    for reason, changes in _ideas(recipe, kind, report, losses):
        made = replace(recipe, name="cured", **changes)
        if made != replace(recipe, name="cured"):
            cure = Cure(reason, made, {"precision": made.precision, **_options(made)})
            seen.setdefault(str(cure.options), cure)
    return tuple(seen.values())


def _ideas(
    recipe: Recipe, kind: SourceKind, report: TensorReport, losses: Sequence[Lost]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if recipe.is_static:
        yield from _calibrations(recipe, losses)
    if recipe.granularity == "per_tensor" and recipe.precision != "dynamic":
        yield "one weight scale for all channels is too coarse", {"granularity": "per_channel"}
    joins = shared_scales(report, losses)
    if joins and recipe.precision != "qat":
        text = (
            f"small and large values share one scale in {shortened(joins[0])}; in float, or as outputs of "
            "their own, they would not"
        )
        yield text, {"keep_float": _kept(report, losses)}
    if kind in _EQUALIZED and recipe.precision != "qat":
        ratio = widest_ratio(report, losses)
        if ratio > ILL_SCALED:
            yield f"channels differ {ratio:.0f} times in what they reach", {"equalize": True}
    if losses and recipe.precision != "qat":
        yield "the layers that lose the signal stay in float", {"keep_float": _kept(report, losses)}
        tail = layers_behind_convolutions(report, losses)
        if tail and len(tail) <= MOST_KEPT:
            yield "all that follows the last convolutions stays in float", {"keep_float": tail}
    if recipe.precision == "int8":
        wide = {"precision": "int16x8", "activations": Recipe("wide", "int16x8").activations}
        yield "8 bits are too few for these activations, 16 may do (check the time it takes)", wide


def _calibrations(recipe: Recipe, losses: Sequence[Lost]) -> Iterator[tuple[str, dict[str, Any]]]:
    present = recipe.calibration
    if present.source != "images":
        yield f"ranges were found on {present.source}, not on images", {"calibration": Calibration()}
    elif present.images < FEW_IMAGES:
        text = f"ranges were found on {present.images} images"
        yield text, {"calibration": replace(present, images=MANY_IMAGES)}
    if present.method != "minmax" and any(lost.layer.figures.clipped > CLIPPED for lost in losses):
        share = max(lost.layer.figures.clipped for lost in losses)
        text = f"{present.method} calibration cuts off {share:.1%} of the values"
        yield text, {"calibration": replace(present, method="minmax")}


def shared_scales(report: TensorReport, losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return the joining layers at or behind a loss in which a few channels set the scale of all others."""
    behind = layers_behind(report, tuple(lost.layer.name for lost in losses))
    return tuple(
        layer.name
        for layer in report.layers
        if layer.name in behind
        and layer.op.upper().startswith(_JOINS)
        and layer.figures.sqnr_db - layer.figures.channel_sqnr_db >= RULED_DB
    )


def widest_ratio(report: TensorReport, losses: Sequence[Lost]) -> float:
    """Return how many times the widest channel outreaches the median one, at or right before a loss."""
    names = {lost.layer.name for lost in losses}
    names |= {source for name in tuple(names) for source in report.graph.get(name, ())}
    return max((layer.figures.range_ratio for layer in report.layers if layer.name in names), default=1.0)


def _kept(report: TensorReport, losses: Sequence[Lost]) -> tuple[str, ...]:
    """Return the lost layers with all that follows, or, where that is much of the network, alone."""
    names = tuple(lost.layer.name for lost in losses)
    head = layers_behind(report, names)
    return head if len(head) <= MOST_KEPT else names


def shortened(name: str) -> str:
    """Return a layer's name without the list of fused operations that converters put into it."""
    last = name.split(";")[-1].rstrip("/")
    return repr(last if len(last) <= 60 else "…" + last[-59:])


def _options(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe's options that are not the usual ones, as a suite has them."""
    usual = Recipe(recipe.name, recipe.precision)
    options: dict[str, Any] = {}
    for name in ("io", "granularity", "activations", "keep_float", "keep_8bit", "equalize"):
        value = getattr(recipe, name)
        if value != getattr(usual, name):
            options[name] = list(value) if isinstance(value, tuple) else value
    calibration = {
        name: getattr(recipe.calibration, name)
        for name in ("method", "images", "source")
        if getattr(recipe.calibration, name) != getattr(usual.calibration, name)
    }
    return {**options, **({"calibration": calibration} if calibration else {})}
