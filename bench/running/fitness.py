"""What model files say of the cases that are made from them, before any work.

A combination that cannot be made becomes "not available" with its reason; a pattern that fits no layer is an
error of the suite. Reading the files is left to `bench.inspecting`, in a process of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bench.building.keys import build_key
from bench.building.opening import float_problem
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.core.model import FLOAT_FILE_KINDS, ModelSource
from bench.core.places import cache_folder
from bench.core.recipe import Recipe
from bench.core.suite import Case, Suite
from bench.errors import BuildError, ModelError, SuiteError
from bench.inspecting import FileReport, look_into
from bench.quantize.availability import availability
from bench.quantize.layers import Layer, choose_layers, require_weights

_FLOAT = Recipe("fp32", "fp32")


def with_fitness(suite: Suite, reports: Mapping[str, FileReport]) -> Suite:
    """Mark the cases whose source file no recipe, or not theirs, can start from.

    Args:
        reports: on model files, by model; models without one are left as they are.
    """
    cases = tuple(
        replace(case, unavailable=_unfit(case, suite.model(case.model), reports[case.model]))
        if case.model in reports and not case.unavailable
        else case
        for case in suite.cases
    )
    return suite if cases == suite.cases else replace(suite, cases=cases)


def _unfit(case: Case, model: ModelSource, report: FileReport) -> str:
    if case.recipe is None or model.kind not in FLOAT_FILE_KINDS:
        return ""
    problem = float_problem(Path(model.path), report.facts.precision)
    if not problem and case.recipe.equalize and not report.may_equalise:
        return "equalize changes nothing here: no layer is read by convolutions alone"
    return problem


def check_patterns(suite: Suite, reports: Mapping[str, FileReport]) -> None:
    """Refuse patterns of `keep_float` and `keep_8bit` that fit no layer, where the layers are known.

    Those of a float file are; those of another model once its float file was built.

    Raises:
        SuiteError: names recipe, model, pattern and the nearest layers; one line for each.
    """
    problems = []
    for model, recipe, runtime in dict.fromkeys(_with_patterns(suite)):
        layers = _layers(suite.model(model), runtime, reports)
        try:
            _check(recipe, layers)
        except BuildError as problem:
            problems.append(f"{suite.path}: recipe {recipe.name} for {model} under {runtime}: {problem}")
    if problems:
        advice = "mend the patterns, or leave such combinations out in matrix.exclude"
        raise SuiteError("\n".join([*problems, advice]))


def _with_patterns(suite: Suite) -> Iterator[tuple[str, Recipe, str]]:
    """Yield model, recipe and runtime of the cases whose recipe names layers and that can be made."""
    for case in suite.cases:
        if case.recipe is None or not case.recipe.keeps_layers or case.unavailable:
            continue
        # Equalising folds layers first, so that the names are those of another file.
        if case.recipe.equalize or availability(suite.model(case.model).kind, case.recipe, case.runtime.name):
            continue
        yield case.model, case.recipe, case.runtime.name


def _layers(model: ModelSource, runtime: str, reports: Mapping[str, FileReport]) -> list[Layer]:
    """Return the layers that patterns are matched against; none where they are not known yet."""
    report = reports.get(model.name) if model.kind in FLOAT_FILE_KINDS else _built_float(model, runtime)
    return [Layer(name, op) for name, op in report.layers.items()] if report else []


def _built_float(model: ModelSource, runtime: str) -> FileReport | None:
    """Return the report on a model's float file if that was built before."""
    artifact = ArtifactStore(cache_folder()).find(build_key(BuildRequest(model, _FLOAT, runtime)))
    try:
        return look_into(Path(artifact.path), False, with_families=False) if artifact else None
    except ModelError:
        return None


def _check(recipe: Recipe, layers: list[Layer]) -> None:
    if not layers:
        return
    kept = choose_layers(recipe.keep_float, recipe.keep_8bit, layers)
    if not recipe.is_static:
        require_weights(kept, layers)
