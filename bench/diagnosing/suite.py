"""Diagnosing the models of a suite: the description of each, and the quantized builds of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.core.suite import Case, Suite
from bench.diagnosing.build import BuildDiagnosis, diagnose_build
from bench.diagnosing.choice import Choice
from bench.diagnosing.description import diagnose_description
from bench.diagnosing.finding import Diagnosis
from bench.diagnosing.opening import Opened, open_suite
from bench.errors import BenchError
from bench.running.listener import Listener


@dataclass(frozen=True)
class ModelDiagnosis:
    """What came of one model.

    Attributes:
        case: whose file was used.
        place: of its `detector:` in the suite, as `models[1].detector`.
        diagnosis: of its description; None where it could not be diagnosed, and `problem` says why.
        builds: of its quantized cases that have an fp32 sibling.
    """

    model: str
    case: str
    place: str
    diagnosis: Diagnosis | None
    problem: str = ""
    builds: tuple[BuildDiagnosis, ...] = ()


def diagnose_suite(
    suite: Suite, choice: Choice, num_images: int, listener: Listener
) -> Iterator[ModelDiagnosis]:
    """Diagnose the chosen models, one after the other.

    Raises:
        BenchError: the suite's data cannot be used. A model that cannot be diagnosed is a result.
    """
    opened = open_suite(suite, choice.cases, listener)
    for name in choice.models:
        own = [case for case in opened.suite.cases if case.model == name]
        yield _diagnose_model(opened, name, own, num_images, choice.is_single)


def _diagnose_model(
    opened: Opened, name: str, cases: Sequence[Case], num_images: int, is_single: bool
) -> ModelDiagnosis:
    case = _plainest(cases)
    result = ModelDiagnosis(name, case.id, _place(opened.suite, name), None)
    try:
        subject = opened.subject(case, num_images)
        found = diagnose_description(subject, opened.suite.model(name).description)
        return replace(result, diagnosis=found, builds=tuple(_builds(opened, cases, num_images, is_single)))
    except BenchError as problem:
        return replace(result, problem=str(problem))


def _builds(
    opened: Opened, cases: Sequence[Case], num_images: int, is_single: bool
) -> Iterator[BuildDiagnosis]:
    """Diagnose each quantized case that could be built beside its sibling; one number of threads suffices."""
    have, seen = opened.built.artifacts, set()
    for case in cases:
        if case.id in have and case.sibling in have and have[case.id].sha256 not in seen:
            seen.add(have[case.id].sha256)
            yield diagnose_build(opened, case, num_images, always=is_single)


def _plainest(cases: Sequence[Case]) -> Case:
    """Return the case that says most of the description: a float one, that can be made."""
    able = [case for case in cases if not case.unavailable] or list(cases)
    order = ("fp32", "fp16", "dynamic")
    return min(able, key=lambda case: order.index(case.precision) if case.precision in order else len(order))


def _place(suite: Suite, name: str) -> str:
    """Return where a suite's `detector:` of a model stands."""
    names = [model.name for model in suite.models]
    is_single = any(line.startswith("model:") for line in suite.text.splitlines())
    return "model.detector" if is_single else f"models[{names.index(name)}].detector"
