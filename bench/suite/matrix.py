"""The `matrix:` part of a suite: names checked, rows of `include` and `exclude` applied, cases made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bench.core.model import ModelSource
from bench.core.recipe import DEFAULT_PRECISIONS, Recipe
from bench.core.suite import Case, CocoData, RenderedData
from bench.suite.combine import INTEGER_PRECISIONS, Axes, combine, fits, with_siblings
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading
from bench.suite.spelling import advise


@dataclass(frozen=True)
class Declared:
    """What the matrix combines.

    Attributes:
        threads_of: by host, those of its cases where the suite names none.
    """

    models: tuple[ModelSource, ...]
    recipes: Mapping[str, Recipe]
    hosts: tuple[str, ...]
    data: RenderedData | CocoData
    threads_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def build_cases(values: dict[str, Any], declared: Declared, reading: Reading) -> tuple[Case, ...]:
    """Expand the matrix to cases, complaining of unknown names and of rows that change nothing."""
    _check_names(values, declared, ("matrix",), reading)
    for section in ("include", "exclude"):
        for i, row in enumerate(values.get(section, ())):
            _check_names(row, declared, ("matrix", section, i), reading)
    if not reading.is_clean("matrix", "model", "models", "recipes", "hosts"):
        return ()
    axes = _axes(values, declared)
    cases = _exclude(combine(axes, declared.models, declared.recipes), values, reading)
    cases = _include(cases, axes, values, declared, reading)
    if not cases and reading.is_clean("matrix"):
        reading.complain(("matrix",), "no case is left, expected at least one: exclude less")
    _check_calibration(cases, declared.data, reading)
    models = {model.name: model for model in declared.models}
    return tuple(_judged(case, models[case.model], declared.data) for case in with_siblings(cases))


def _check_names(row: Mapping[str, Any], declared: Declared, path: Path, reading: Reading) -> None:
    # A recipe with a mistake in it is known all the same; its own mistake has been told.
    recipes = dict.fromkeys([*declared.recipes, *reading.root.fields.get("recipes", Node({}, 1)).fields])
    # An exclude may also name what the activations axis makes, or the precision of a given file.
    known = {
        "precision": [*recipes, *_made_names(declared) * ("exclude" in path)],
        "model": [model.name for model in declared.models],
        "host": list(declared.hosts),
    }
    for key, names in known.items():
        for name in row.get(key, ()):
            if name not in names and _may_judge(key, reading):
                reading.complain((*path, key), f"unknown {key} {name!r}{advise(name, names)}")


def _may_judge(key: str, reading: Reading) -> bool:
    """Whether the names of that sort are all known, since nothing was wrong where they are declared."""
    sections = {"model": ("model", "models"), "host": ("hosts",)}
    return key == "precision" or reading.is_clean(*sections[key])


def _made_names(declared: Declared) -> list[str]:
    integers = [recipe.name for recipe in declared.recipes.values() if recipe.precision in INTEGER_PRECISIONS]
    return [f"{name}-{short}" for name in integers for short in ("u8", "s8")]


def _axes(values: Mapping[str, Any], declared: Declared) -> Axes:
    return Axes(
        models=tuple(model.name for model in declared.models),
        recipes=values.get("precision", DEFAULT_PRECISIONS),
        runtimes=values.get("runtime", ("litert",)),
        threads=values.get("threads", (1,)),
        hosts=declared.hosts,
        activations=values.get("activations", ()),
        threads_of={} if "threads" in values else declared.threads_of,
    )


def _exclude(cases: list[Case], values: Mapping[str, Any], reading: Reading) -> list[Case]:
    rows = values.get("exclude", ())
    for i, row in enumerate(rows):
        if not any(fits(case, row) for case in cases):
            reading.complain(
                ("matrix", "exclude", i), "fits no case of the matrix, expected at least one: remove the row"
            )
    return [case for case in cases if not any(fits(case, row) for row in rows)]


def _include(
    cases: list[Case], axes: Axes, values: Mapping[str, Any], declared: Declared, reading: Reading
) -> list[Case]:
    known = {case.id: case for case in cases}
    for i, row in enumerate(values.get("include", ())):
        added = combine(axes.narrowed(row), declared.models, declared.recipes)
        if all(case.id in known for case in added):
            reading.complain(
                ("matrix", "include", i), "adds no case, expected at least one new: remove the row"
            )
        known.update({case.id: case for case in added if case.id not in known})
    return list(known.values())


def _check_calibration(cases: list[Case], data: RenderedData | CocoData, reading: Reading) -> None:
    """Complain if cases need images that the suite does not name."""
    if isinstance(data, RenderedData) or data.calibration_images:
        return
    needy = [case.id for case in cases if case.recipe is not None and case.recipe.needs_images]
    if needy:
        text = f"missing, expected {{images: FOLDER}} since {needy[0]} needs images to calibrate on"
        reading.complain(("data", "calibration"), text)


def _judged(case: Case, model: ModelSource, data: RenderedData | CocoData) -> Case:
    """Say of a case why it cannot be made, where that is known before any work."""
    if case.recipe is None or case.recipe.precision != "qat" or not case.recipe.training.labels:
        return case
    if model.kind != "builtin":
        return replace(
            case, unavailable="QAT with labels needs the model's loss, which only the built-in model brings"
        )
    if isinstance(data, CocoData):
        return replace(
            case, unavailable="QAT with labels needs annotated training images, which only rendered data has"
        )
    return case
