"""The recipes of a suite: the five precisions, and named variants of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.core.recipe import PRECISIONS, Calibration, Precision, Recipe, Training
from bench.suite.nodes import Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise

# Which options mean something for which precision.
_INTEGER: tuple[Precision, ...] = ("int8", "qat")
_APPLIES: dict[str, tuple[Precision, ...]] = {
    "io": _INTEGER,
    "granularity": _INTEGER,
    "activations": _INTEGER,
    "calibration": _INTEGER,
    "training": ("qat",),
}


def build_recipes(values: dict[str, dict[str, Any]], reading: Reading) -> dict[str, Recipe]:
    """Return all recipes by name: the five precisions, overridden or extended by what stands in `recipes`."""
    recipes: dict[str, Recipe] = {precision: Recipe(precision, precision) for precision in PRECISIONS}
    for name, options in values.items():
        recipe = _build(name, options, ("recipes", name), reading)
        if recipe is not None:
            recipes[name] = recipe
    for name in values:
        base = name[:-3] if name.endswith(("-u8", "-s8")) else ""
        if base in recipes:
            text = f"is what matrix.activations calls a variant of {base}, expected another name"
            reading.complain(("recipes", name), text)
    return recipes


def _build(name: str, options: dict[str, Any], path: Path, reading: Reading) -> Recipe | None:
    precision = options.get("precision", name)
    if precision not in PRECISIONS:
        advice = advise(name, PRECISIONS)
        reading.complain(
            (*path, "precision"), f"missing, expected what {name!r} makes; or, for its name, {advice}"
        )
        return None
    if name in PRECISIONS and precision != name:
        reading.complain(
            (*path, "precision"), f"got {precision!r}, expected {name!r}, or another name for the recipe"
        )
    for option, precisions in _APPLIES.items():
        if option in options and precision not in precisions:
            meant = " and ".join(precisions)
            reading.complain(
                (*path, option), f"means nothing for {precision}, expected it with {meant} only: remove it"
            )
    return Recipe(
        name,
        precision,
        **{option: options[option] for option in ("io", "granularity", "activations") if option in options},
        calibration=replace(Calibration(), **options.get("calibration", {})),
        training=replace(Training(), **options.get("training", {})),
    )
