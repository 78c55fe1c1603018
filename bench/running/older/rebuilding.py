"""Builds the model files of an older suite again, by this program, from the older suite's own sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.core.data import ImageSet
from bench.core.places import cache_folder
from bench.core.suite import Case, CocoData, RenderedData, Suite
from bench.datasets.prepare import prepare_data
from bench.errors import BenchError, DataError
from bench.running.artifacts import Needs, build, find_needs, with_availability
from bench.running.completing import complete_models
from bench.running.labels import resolve_labels
from bench.running.older.nouns import Surroundings


@dataclass(frozen=True)
class Requested:
    """What is to be built for an older suite.

    Attributes:
        suite: the older one, complete as far as its model files tell.
        requests: older case id -> what is to be built; `problems`: older case id -> why nothing is;
            `unavailable`: those that could not be made.
    """

    suite: Suite
    requests: dict[str, BuildRequest] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unavailable: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rebuilt:
    """Older case id -> its file, or why there is none."""

    artifacts: dict[str, Artifact]
    problems: dict[str, str]


def counterparts(older: Suite, cases: Sequence[Case]) -> dict[str, Case]:
    """Return case id -> the case of an older suite that has the same kind of file; others are left out.

    Host and threads may be others: a file does not depend on them.
    """
    by_id = {case.id: case for case in older.cases}
    by_file = {_file_of(case): case for case in reversed(older.cases)}
    found = {case.id: by_id.get(case.id) or by_file.get(_file_of(case)) for case in cases}
    return {case_id: case for case_id, case in found.items() if case is not None}


def _file_of(case: Case) -> tuple[str, str, str]:
    return case.model, case.recipe.name if case.recipe else case.precision, case.runtime.name


def request_older(older: Suite, cases: Sequence[Case], now: Suite, around: Surroundings) -> Requested:
    """Say what must be built for cases of an older suite; whatever forbids it is told of its cases."""
    unique = list({case.id: case for case in cases}.values())
    try:
        images = _images(older, now, around)
    except DataError as problem:
        return Requested(older, {}, {case.id: str(problem) for case in unique})
    found = Requested(older)
    for name in dict.fromkeys(case.model for case in unique):
        own = [case for case in unique if case.model == name]
        found = _with_model(found, name, own, images, around)
    return found


def _with_model(
    found: Requested,
    name: str,
    cases: Sequence[Case],
    images: tuple[ImageSet, ImageSet],
    around: Surroundings,
) -> Requested:
    """Add the requests of one model; one that cannot be read spoils only its own cases."""
    alone = replace(found.suite, models=(found.suite.model(name),), cases=tuple(cases))
    try:
        alone = with_availability(resolve_labels(complete_models(alone), around.data[0]))
    except BenchError as problem:
        told = {case.id: str(problem) for case in cases}
        return replace(found, problems={**found.problems, **told})
    models = [alone.models[0] if model.name == name else model for model in found.suite.models]
    needs = find_needs(alone, *images).requests
    unavailable = {case.id: case.unavailable for case in alone.cases if case.unavailable}
    return Requested(
        replace(found.suite, models=tuple(models)),
        found.requests | {case.id: needs[case.id] for case in alone.cases if case.id in needs},
        found.problems | unavailable,
        found.unavailable | unavailable.keys(),
    )


def _images(older: Suite, now: Suite, around: Surroundings) -> tuple[ImageSet, ImageSet]:
    """Return the images that the older suite calibrates and trains on."""
    wanted = _evaluated_alike(older.data, now.data)
    _, calibration, training = around.data if wanted == now.data else prepare_data(wanted, cache_folder())
    return calibration, training


def _evaluated_alike(older: RenderedData | CocoData, now: RenderedData | CocoData) -> RenderedData | CocoData:
    """Return an older suite's data with as many evaluation images as there are now: no file depends on it."""
    if isinstance(older, RenderedData) and isinstance(now, RenderedData):
        return replace(older, evaluation=now.evaluation)
    if isinstance(older, CocoData) and isinstance(now, CocoData):
        return replace(older, limit=now.limit)
    return older


def rebuild(requested: Requested, wanted: Sequence[str], around: Surroundings) -> Rebuilt:
    """Build, or find in the cache, the files of these cases."""
    requests = {case_id: requested.requests[case_id] for case_id in wanted if case_id in requested.requests}
    store = ArtifactStore(cache_folder())
    built = build(Needs(requests, {}), store, around.folder, around.build_timeout_seconds, around.listener)
    failures = {case_id: failure.reason for case_id, failure in built.failures.items()}
    told = {case_id: requested.problems[case_id] for case_id in wanted if case_id in requested.problems}
    return Rebuilt(built.artifacts, told | failures)
