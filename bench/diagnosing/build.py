"""Diagnosing a quantized build that lies far below its float sibling: where, why, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.core.recipe import Recipe
from bench.core.suite import Case
from bench.diagnosing.comparing import compare_files
from bench.diagnosing.cure import Cure, find_cures
from bench.diagnosing.cure_ideas import Means
from bench.diagnosing.demand import CLEAR_SHARE, LEAST_GAIN
from bench.diagnosing.loss import Lost, find_losses
from bench.diagnosing.opening import Opened
from bench.diagnosing.scoring import Scorer
from bench.diagnosing.tensor_report import TensorReport
from bench.diagnosing.timing import Times
from bench.diagnosing.trying import Trials, TriedCure, best_cure, score_case, time_cure
from bench.errors import BenchError
from bench.stats import Interval

# Images that tensors are compared on: each gives every layer thousands of values.
NUM_COMPARED = 8


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
        times: of an invoke with the named cure; None where it was not timed.
        notes: what else is to be known of how the build was made.
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
    times: Times | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""


def diagnose_build(opened: Opened, case: Case, num_images: int, always: bool = False) -> BuildDiagnosis:
    """Compare a quantized case with its fp32 sibling.

    Args:
        always: look at tensors though the accuracy is as it should be.
    """
    sibling = next(other for other in opened.suite.cases if other.id == case.sibling)
    count = min(num_images, len(opened.images))
    scorer = Scorer(opened.data, [image.id for image in opened.images[:count]])
    scores = [score_case(opened, each, scorer, count) for each in (case, sibling)]
    loss = scorer.difference(scores[0], scores[1], 0.95)
    found = BuildDiagnosis(
        case.id, sibling.id, count, scores[0].value, scores[1].value, loss, _is_far(loss, scores[1].value)
    )
    return _look_closer(opened, case, sibling, found, scorer) if always or found.is_far_below else found


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
    return _cured(opened, case, sibling, replace(found, notes=_notes(opened, case.recipe)), report, scorer)


def _cured(
    opened: Opened, case: Case, sibling: Case, found: BuildDiagnosis, report: TensorReport, scorer: Scorer
) -> BuildDiagnosis:
    """Add the cures that were tried, and the one that helps."""
    assert case.recipe is not None
    source = opened.suite.model(case.model)
    means = Means(source.kind, case.runtime.name, opened.num_calibration_images)
    cures = find_cures(case.recipe, means, report, found.losses)
    trials = Trials(opened, case, scorer, found.num_images, found.float_value)
    tried = trials.run(cures)
    named = best_cure(tried, found.value, found.float_value)
    times = time_cure(opened, case, sibling, named) if named else None
    return replace(found, cures=tuple(tried), named=named, times=times)


def _notes(opened: Opened, recipe: Recipe) -> tuple[str, ...]:
    """Say where ranges were found on fewer images than were asked for, because there are no more."""
    used, asked = opened.num_calibration_images, recipe.calibration.images
    if not recipe.is_static or recipe.calibration.source != "images" or used >= asked:
        return ()
    return (
        f"ranges were found on {used} images, {asked} were asked for: the suite's calibration set holds no "
        "more; with more photos in it they may fit better",
    )
