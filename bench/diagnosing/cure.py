"""Cures for a quantized build that lost its signal: recipes to try, the most fitting one first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.core.recipe import Recipe
from bench.diagnosing.cure_ideas import Means, ideas
from bench.diagnosing.loss import Lost
from bench.diagnosing.settings import as_yaml
from bench.diagnosing.tensor_report import TensorReport
from bench.quantize.availability import availability


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
    recipe: Recipe, means: Means, report: TensorReport, losses: Sequence[Lost]
) -> tuple[Cure, ...]:
    """Return the cures that fit what was seen and can be made, each as a recipe named `cured`.

    Of ideas that come to the same recipe the first one gives the reason.
    """
    present = replace(recipe, name="cured")
    seen: dict[Recipe, Cure] = {}
    for reason, changes in ideas(recipe, means, report, losses):
        made = replace(present, **_with_kept(present, changes))
        if made != present and not availability(means.kind, made, means.runtime):
            options = {"precision": made.precision, **_options(made)}
            seen.setdefault(made, Cure(reason, made, options))
    return tuple(seen.values())


def _with_kept(present: Recipe, changes: dict[str, Any]) -> dict[str, Any]:
    """Return changes with what the recipe keeps already put before what they keep as well."""
    added = {name: changes[name] for name in ("keep_float", "keep_8bit") if changes.get(name)}
    joined = {
        name: tuple(dict.fromkeys((*getattr(present, name), *layers))) for name, layers in added.items()
    }
    return {**changes, **joined}


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
