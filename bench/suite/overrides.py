"""What the command line changes of a suite: fewer cases, other hosts, less data, fewer rounds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from bench.core.measure import MeasureOptions
from bench.core.recipe import Recipe
from bench.core.suite import Case, CocoData, Overrides, RenderedData, Suite
from bench.errors import UsageError
from bench.suite.combine import with_siblings
from bench.suite.format import RUNTIME
from bench.suite.spelling import advise

PROFILES = ("smoke",)

# `smoke` shows that everything works, in seconds; its figures are not for decisions.
_SMOKE_IMAGES = 20
_SMOKE_CALIBRATION = 16
_SMOKE_STEPS = 4
_SMOKE_MEASURE = {
    **{"rounds": 2, "warmup": 2, "warmup_seconds": 0.0, "calls": 5, "min_calls": 5, "images": 5},
    **{"sustained_seconds": 10.0, "energy_seconds": 0.0},
}

_KEYS = ("model", "group", "precision", "recipe", "runtime", "threads", "host")


def apply_overrides(suite: Suite, overrides: Overrides) -> Suite:
    """Return the suite as the command line wants it.

    `only` holds conditions of which a case must fit one: part of its id, a pattern (`builtin/*/litert/*`), or
    `key=value` pairs joined by commas that must all hold (`precision=int8,runtime=litert`).

    Raises:
        UsageError: a name or condition fits nothing; the message lists what there is.
    """
    if overrides.profile is not None:
        suite = _with_profile(suite, overrides.profile)
    if overrides.hosts:
        suite = _on_hosts(suite, overrides.hosts)
    if overrides.only:
        suite = _with_cases(suite, _select(suite.cases, overrides.only))
    if overrides.limit is not None:
        suite = replace(suite, data=_limited(suite.data, _at_least_one("--limit", overrides.limit)))
    if overrides.rounds is not None:
        rounds = _at_least_one("--rounds", overrides.rounds)
        suite = replace(suite, measure=replace(suite.measure, rounds=rounds))
    return suite


def _at_least_one(option: str, value: int) -> int:
    if value < 1:
        raise UsageError(f"{option}: got {value}, expected an integer of 1 or more")
    return value


def _with_cases(suite: Suite, cases: list[Case]) -> Suite:
    """Keep these cases, and the models and hosts that they still need."""
    models, hosts = {case.model for case in cases}, {case.host for case in cases}
    return replace(
        suite,
        cases=with_siblings(cases),
        models=tuple(model for model in suite.models if model.name in models),
        hosts=tuple(host for host in suite.hosts if host in hosts),
        hosts_settings=tuple(item for item in suite.hosts_settings if item.name in hosts),
    )


def _on_hosts(suite: Suite, hosts: tuple[str, ...]) -> Suite:
    for host in hosts:
        if host not in suite.hosts:
            raise UsageError(f"--host: unknown host {host!r}{advise(host, suite.hosts)}")
    return _with_cases(suite, [case for case in suite.cases if case.host in hosts])


def _select(cases: tuple[Case, ...], conditions: tuple[str, ...]) -> list[Case]:
    chosen: set[str] = set()
    for condition in conditions:
        found = {case.id for case in cases if _fits(case, condition)}
        if not found:
            listed = "\n".join(f"  {case.id}" for case in cases)
            raise UsageError(f"--only {condition}: fits no case, expected to fit one of:\n{listed}")
        chosen |= found
    return [case for case in cases if case.id in chosen]


def _fits(case: Case, condition: str) -> bool:
    if "=" in condition:
        return all(_fits_pair(case, pair) for pair in condition.split(","))
    if any(sign in condition for sign in "*?["):
        return fnmatchcase(case.id, condition)
    return condition in case.id


def _fits_pair(case: Case, pair: str) -> bool:
    key, _, value = (part.strip() for part in pair.partition("="))
    if key not in _KEYS:
        raise UsageError(f"--only {pair}: unknown key {key!r}{advise(key, _KEYS)}")
    values: Mapping[str, str] = {
        "model": case.model,
        "group": case.group,
        "precision": case.precision,
        "recipe": case.recipe.name if case.recipe else case.precision,
        "runtime": case.runtime.name,
        "threads": str(case.runtime.threads),
        "host": case.host,
    }
    if key == "runtime":
        value = (RUNTIME.aliases or {}).get(value, value)
    return values[key] == value


def limited(data: RenderedData | CocoData, overrides: Overrides) -> RenderedData | CocoData:
    """Return evaluation data as few as the command line wants."""
    data = _limited(data, _SMOKE_IMAGES) if overrides.profile else data
    return _limited(data, overrides.limit) if overrides.limit else data


def _limited(data: RenderedData | CocoData, limit: int) -> RenderedData | CocoData:
    if isinstance(data, RenderedData):
        return replace(data, evaluation=min(data.evaluation, limit))
    return replace(data, limit=min(data.limit or limit, limit))


def _with_profile(suite: Suite, profile: str) -> Suite:
    if profile not in PROFILES:
        raise UsageError(f"--profile: unknown profile {profile!r}{advise(profile, PROFILES)}")
    cases = tuple(replace(case, recipe=_smoke_recipe(case.recipe)) for case in suite.cases)
    data = _limited(suite.data, _SMOKE_IMAGES)
    if isinstance(data, RenderedData):
        data = replace(
            data,
            calibration=min(data.calibration, _SMOKE_CALIBRATION),
            training=min(data.training, _SMOKE_CALIBRATION),
        )
    measure = replace(suite.measure, **_smoke_measure(suite.measure))
    return replace(suite, cases=cases, data=data, measure=measure)


def _smoke_measure(measure: MeasureOptions) -> dict[str, Any]:
    """Never more than the suite itself asks for."""
    return {name: min(value, getattr(measure, name)) for name, value in _SMOKE_MEASURE.items()}


def _smoke_recipe(recipe: Recipe | None) -> Recipe | None:
    if recipe is None:
        return None
    calibration, training = recipe.calibration, recipe.training
    return replace(
        recipe,
        calibration=replace(calibration, images=min(calibration.images, _SMOKE_CALIBRATION)),
        training=replace(
            training, steps=min(training.steps, _SMOKE_STEPS), images=min(training.images, _SMOKE_CALIBRATION)
        ),
    )
