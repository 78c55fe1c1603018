"""The matrix: models, recipes, runtimes, threads and hosts to cases. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from bench.core.model import ModelSource
from bench.core.recipe import ActivationType, Recipe
from bench.core.suite import Case
from bench.wire.job import RuntimeSettings

# Whose ONNX files may have activations of either sign.
INTEGER_PRECISIONS = ("int8", "mixed", "qat")

_RUNTIME_OF_SUFFIX = {".tflite": "litert", ".onnx": "onnxruntime"}
_SHORT = {"uint8": "u8", "int8": "s8"}


@dataclass(frozen=True)
class Axes:
    """The values of the matrix' axes; `activations` is empty where each recipe's own is meant.

    Attributes:
        threads_of: by host, what stands for `threads` there.
    """

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    runtimes: tuple[str, ...]
    threads: tuple[int, ...]
    hosts: tuple[str, ...]
    activations: tuple[ActivationType, ...] = ()
    threads_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def places(self) -> list[tuple[int, str]]:
        """Return every number of threads with every host that it is measured on."""
        threads = {host: self.threads_of.get(host, self.threads) for host in self.hosts}
        numbers = dict.fromkeys(itertools.chain(*threads.values()))
        return [(number, host) for number in numbers for host in self.hosts if number in threads[host]]

    def narrowed(self, row: Mapping[str, Any]) -> Axes:
        """Return the axes with those replaced that a row of `include` names."""
        names = {"model": "models", "precision": "recipes", "runtime": "runtimes", "host": "hosts"}
        threads_of = {} if "threads" in row else self.threads_of
        return replace(
            self, threads_of=threads_of, **{names.get(key, key): value for key, value in row.items()}
        )


def combine(axes: Axes, models: Iterable[ModelSource], recipes: Mapping[str, Recipe]) -> list[Case]:
    """Return every combination once, in the order of models, recipes, runtimes, threads, hosts.

    A given file has its precision and its runtime from itself; only threads and hosts apply to it.
    """
    cases: dict[str, Case] = {}
    for model in models:
        if model.name in axes.models:
            for recipe, runtime in _made(model, axes, recipes):
                for threads, host in axes.places():
                    case = _case(model, recipe, RuntimeSettings(runtime, threads), host)
                    cases.setdefault(case.id, case)
    return list(cases.values())


def _made(
    model: ModelSource, axes: Axes, recipes: Mapping[str, Recipe]
) -> Iterator[tuple[Recipe | None, str]]:
    if model.kind == "file":
        yield None, _RUNTIME_OF_SUFFIX[PurePath(model.path).suffix.lower()]
        return
    for name, runtime in itertools.product(axes.recipes, axes.runtimes):
        for recipe in _with_activations(recipes[name], runtime, axes.activations):
            yield recipe, runtime


def _with_activations(recipe: Recipe, runtime: str, activations: tuple[ActivationType, ...]) -> list[Recipe]:
    """Return a recipe for each activation type; not the recipe's own shows in the name: `int8-s8`."""
    if not activations or runtime != "onnxruntime" or recipe.precision not in INTEGER_PRECISIONS:
        return [recipe]
    return [
        recipe
        if kind == recipe.activations
        else replace(recipe, name=f"{recipe.name}-{_SHORT[kind]}", activations=kind)
        for kind in activations
    ]


def _case(model: ModelSource, recipe: Recipe | None, runtime: RuntimeSettings, host: str) -> Case:
    precision = model.precision if recipe is None else recipe.precision
    variant = precision if recipe is None else recipe.name
    return Case(
        id=f"{model.name}/{variant}/{runtime.name}/t{runtime.threads}@{host}",
        model=model.name,
        group=model.group,
        precision=precision,
        recipe=recipe,
        runtime=runtime,
        host=host,
    )


def fits(case: Case, row: Mapping[str, Any]) -> bool:
    """Whether a case fits every key of a row of `exclude`."""
    return all(_values_of(case)[key] & set(wanted) for key, wanted in row.items())


def _values_of(case: Case) -> dict[str, set[Any]]:
    recipe = case.recipe
    is_integer_onnx = case.runtime.name == "onnxruntime" and case.precision in INTEGER_PRECISIONS
    names = (
        {case.precision}
        if recipe is None
        else {recipe.name, recipe.name.removesuffix(f"-{_SHORT[recipe.activations]}")}
    )
    return {
        "model": {case.model},
        "precision": names,
        "runtime": {case.runtime.name},
        "threads": {case.runtime.threads},
        "host": {case.host},
        "activations": {recipe.activations} if recipe is not None and is_integer_onnx else set(),
    }


def with_siblings(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Name for each case the fp32 case that it is compared with.

    That is the fp32 case of the same group, runtime, threads and host; the model's own comes before that of
    another model in the group. There may be none: then no difference is shown, rather than a wrong one.
    """
    rows = list(cases)
    floats = [case for case in rows if case.precision == "fp32"]
    return tuple(replace(case, sibling=_sibling(case, floats)) for case in rows)


def _sibling(case: Case, floats: list[Case]) -> str:
    if case.precision == "fp32":
        return ""
    alike = [
        other
        for other in floats
        if (other.group, other.runtime, other.host) == (case.group, case.runtime, case.host)
    ]
    alike.sort(key=lambda other: other.model != case.model)
    return alike[0].id if alike else ""
