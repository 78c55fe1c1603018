"""The recipes of a suite: the precisions, and named variants of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.core.recipe import (
    PRECISIONS,
    STATIC_PRECISIONS,
    Calibration,
    IoType,
    Precision,
    Recipe,
    Training,
)
from bench.suite.nodes import Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise

# Which options mean something for which precision.
_EIGHT_BITS: tuple[Precision, ...] = ("int8", "mixed", "qat")
_POST_TRAINING: tuple[Precision, ...] = ("dynamic", "int8", "int16x8", "int4", "mixed")
_APPLIES: dict[str, tuple[Precision, ...]] = {
    "io": ("int8", "int16x8", "mixed", "qat"),
    "granularity": ("int8", "int16x8", "int4", "mixed", "qat"),
    "activations": _EIGHT_BITS,
    "keep_float": _POST_TRAINING,
    "keep_8bit": ("int16x8", "int4"),
    "equalize": _POST_TRAINING,
    "calibration": STATIC_PRECISIONS,
    "training": ("qat",),
}
_PLAIN_OPTIONS = ("io", "granularity", "activations", "keep_float", "keep_8bit", "equalize")


def build_recipes(values: dict[str, dict[str, Any]], reading: Reading) -> dict[str, Recipe]:
    """Return all recipes by name: the precisions, overridden or extended by what stands in `recipes`.

    `mixed` is none by itself, since it has to say which layers stay in float.
    """
    recipes: dict[str, Recipe] = {
        precision: Recipe(precision, precision, io=_usual_io(precision))
        for precision in PRECISIONS
        if precision != "mixed"
    }
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
        reading.complain((*path, "precision"), f"missing, expected what {name!r} makes{advice}")
        return None
    if name in PRECISIONS and precision != name:
        reading.complain(
            (*path, "precision"), f"got {precision!r}, expected {name!r}, or another name for the recipe"
        )
    _check_options(precision, options, path, reading)
    chosen = {option: options[option] for option in _PLAIN_OPTIONS if option in options}
    return Recipe(
        name,
        precision,
        **{"io": _usual_io(precision), **chosen},
        calibration=replace(Calibration(), **options.get("calibration", {})),
        training=replace(Training(), **options.get("training", {})),
    )


def _usual_io(precision: Precision) -> IoType:
    return "int16" if precision == "int16x8" else "int8"


def _check_options(precision: Precision, options: dict[str, Any], path: Path, reading: Reading) -> None:
    """Complain of options that mean nothing for a precision, or that it cannot do without."""
    for option, precisions in _APPLIES.items():
        # Equalising looks at calibration images whatever is made afterwards.
        is_meant = precision in precisions or (option == "calibration" and options.get("equalize"))
        if option in options and not is_meant:
            meant = " or ".join(filter(None, (", ".join(precisions[:-1]), precisions[-1])))
            reading.complain(
                (*path, option), f"means nothing for {precision}, expected it with {meant} only: remove it"
            )
    if precision == "mixed" and not options.get("keep_float") and reading.is_clean("recipes"):
        text = "missing, expected the layers that stay in float, as in keep_float: ['*head*']"
        reading.complain((*path, "keep_float"), text)
    types = ("float32", "int16") if precision == "int16x8" else ("float32", "int8", "uint8")
    if options.get("io", "float32") not in types:
        text = f"got {options['io']!r}, expected {' or '.join(types)} with {precision}"
        reading.complain((*path, "io"), text)
