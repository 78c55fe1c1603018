"""Diagnosing a quantized build that lies far below its float sibling: where, why, and what mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.suite import Case
from bench.diagnosing.comparing import compare_files
from bench.diagnosing.cure import Cure, find_cures
from bench.diagnosing.demand import CLEAR_SHARE, LEAST_GAIN
from bench.diagnosing.loss import Lost, find_losses
from bench.diagnosing.opening import Opened
from bench.diagnosing.scoring import Score, Scorer
from bench.errors import BenchError
from bench.stats import Interval

# Images that tensors are compared on: each gives every layer thousands of values.
NUM_COMPARED = 8

# Cures that are built and scored, at most; building takes seconds to a minute each.
MOST_CURES = 6

# A cure that leaves less than this share of the float AP missing has brought it back.
CURED_SHARE = 0.1


@dataclass(frozen=True)
class TriedCure:
    """A cure, built and scored; `value` is its map_50_95, None where it could not be built."""

    cure: Cure
    value: float | None
    problem: str = ""


@dataclass(frozen=True)
class BuildDiagnosis:
    """What came of one quantized case.

    Attributes:
        value, float_value: map_50_95 of it and of its sibling on `num_images` images.
        loss: the difference, paired over images.
        is_far_below: whether the loss is clear and a tenth of the float AP or more.
        num_layers, num_compared: of the float file.
        losses: first layers at which the signal is lost.
        cures: in the order in which they were tried; `named` is the one to use, None where none helps.
        problem: why tensors could not be compared.
    """

    case: str
    sibling: str
    num_images: int
    value: float
    float_value: float
    loss: Interval | None
    is_far_below: bool
    num_layers: int = 0
    num_compared: int = 0
    num_by_place: int = 0
    losses: tuple[Lost, ...] = ()
    cures: tuple[TriedCure, ...] = ()
    named: Cure | None = None
    problem: str = ""


def diagnose_build(opened: Opened, case: Case, num_images: int, always: bool = False) -> BuildDiagnosis:
    """Compare a quantized case with its fp32 sibling.

    Args:
        always: look at tensors though the accuracy is as it should be.
    """
    sibling = next(other for other in opened.suite.cases if other.id == case.sibling)
    count = min(num_images, len(opened.images))
    scorer = Scorer(opened.data, [image.id for image in opened.images[:count]])
    scores = [_score(opened, each, scorer, count) for each in (case, sibling)]
    loss = scorer.difference(scores[0], scores[1], 0.95)
    found = BuildDiagnosis(
        case.id, sibling.id, count, scores[0].value, scores[1].value, loss, _is_far(loss, scores[1].value)
    )
    return _look_closer(opened, case, sibling, found, scorer) if always or found.is_far_below else found


def _score(opened: Opened, case: Case, scorer: Scorer, count: int) -> Score:
    description = opened.suite.model(case.model).description
    return scorer.score(opened.subject(case, count).reader.read([description], count)[0])


def _is_far(loss: Interval | None, float_value: float) -> bool:
    return loss is not None and loss.high < 0 and -loss.value >= max(CLEAR_SHARE * float_value, LEAST_GAIN)


def _look_closer(
    opened: Opened, case: Case, sibling: Case, found: BuildDiagnosis, scorer: Scorer
) -> BuildDiagnosis:
    source = opened.suite.model(case.model)
    suffixes = {Path(opened.artifact(each).path).suffix for each in (case, sibling)}
    if len(suffixes) > 1:
        return replace(found, problem=f"files of two formats have no layers to compare: {sorted(suffixes)}")
    try:
        report = compare_files(
            opened.artifact(sibling),
            opened.artifact(case),
            opened.images[:NUM_COMPARED],
            source.description.preprocess,
        )
    except BenchError as problem:
        return replace(found, problem=str(problem))
    losses = find_losses(report)
    found = replace(
        found,
        num_layers=report.num_layers,
        num_compared=len(report.layers),
        num_by_place=report.num_by_place,
        losses=losses,
    )
    if case.recipe is None or not found.is_far_below:
        return found
    tried = _try_cures(opened, case, find_cures(case.recipe, source.kind, report, losses), found, scorer)
    return replace(found, cures=tuple(tried), named=_best(tried, found))


def _try_cures(
    opened: Opened, case: Case, cures: Sequence[Cure], found: BuildDiagnosis, scorer: Scorer
) -> list[TriedCure]:
    """Build and score cures until one brings the accuracy back."""
    tried: list[TriedCure] = []
    for number, cure in enumerate(cures[:MOST_CURES]):
        treated = replace(case, id=f"{case.id}+cure{number}", recipe=cure.recipe)
        try:
            value = _score(opened.with_case(treated), treated, scorer, found.num_images).value
            tried.append(TriedCure(cure, value))
        except BenchError as problem:
            tried.append(TriedCure(cure, None, str(problem)))
            continue
        if value >= (1 - CURED_SHARE) * found.float_value:
            break
    return tried


def _best(tried: Sequence[TriedCure], found: BuildDiagnosis) -> Cure | None:
    """Return the best cure, if it brings back half of what was lost or more."""
    able = [(one.value, one.cure) for one in tried if one.value is not None]
    if not able:
        return None
    value, cure = max(able, key=lambda pair: pair[0])
    return cure if value - found.value >= (found.float_value - found.value) / 2 else None
