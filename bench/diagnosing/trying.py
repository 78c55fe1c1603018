"""Trying cures: each is built as a run would build it, and scored on the images of the diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.core.suite import Case
from bench.diagnosing.cure import Cure
from bench.diagnosing.opening import Opened
from bench.diagnosing.scoring import Score, Scorer
from bench.diagnosing.timing import Times, compare_times
from bench.errors import BenchError

# Cures that are built and scored, at most; building takes seconds to a minute each.
MOST_CURES = 8

# A cure that leaves less than this share of the float AP missing has brought it back.
CURED_SHARE = 0.1


@dataclass(frozen=True)
class TriedCure:
    """A cure, built and scored; `value` is its map_50_95, None where it could not be built."""

    cure: Cure
    value: float | None
    problem: str = ""


@dataclass(frozen=True)
class Trials:
    """What cures of one case are tried with.

    Attributes:
        float_value: map_50_95 of the case's sibling on the first `num_images` images, which `scorer` scores.
    """

    opened: Opened
    case: Case
    scorer: Scorer
    num_images: int
    float_value: float

    def run(self, cures: Sequence[Cure]) -> list[TriedCure]:
        """Build and score cures until one brings the accuracy back.

        A cure whose file is one that was scored already, such as the uncured one, changes nothing and is
        left out.
        """
        known = {self.opened.artifact(self.case).sha256}
        tried: list[TriedCure] = []
        for cure in cures:
            if len(tried) == MOST_CURES:
                break
            treated = _treated(self.case, cure)
            try:
                opened = self.opened.with_case(treated)
                made = opened.artifact(treated).sha256
                if made in known:
                    continue
                known.add(made)
                value = score_case(opened, treated, self.scorer, self.num_images).value
            except BenchError as problem:
                tried.append(TriedCure(cure, None, str(problem)))
                continue
            tried.append(TriedCure(cure, value))
            if value >= (1 - CURED_SHARE) * self.float_value:
                break
        return tried


def score_case(opened: Opened, case: Case, scorer: Scorer, count: int) -> Score:
    """Return what a case's file scores on the first `count` images."""
    description = opened.suite.model(case.model).description
    return scorer.score(opened.subject(case, count).reader.read([description], count)[0])


def best_cure(tried: Sequence[TriedCure], value: float, float_value: float) -> Cure | None:
    """Return the best cure, if it brings back half of what was lost or more."""
    able = [(one.value, one.cure) for one in tried if one.value is not None]
    if not able:
        return None
    best, cure = max(able, key=lambda pair: pair[0])
    return cure if best - value >= (float_value - value) / 2 else None


def time_cure(opened: Opened, case: Case, sibling: Case, cure: Cure) -> Times | None:
    """Time an invoke with a cure beside one of the sibling, a few calls each; None where that fails."""
    treated = _treated(case, cure)
    description = opened.suite.model(case.model).description
    try:
        artifacts = opened.artifact(sibling), opened.with_case(treated).artifact(treated)
        return compare_times(opened.host, artifacts, case.runtime, description, opened.images)
    except BenchError:
        # The cure stands without its time.
        return None


def _treated(case: Case, cure: Cure) -> Case:
    return replace(case, id=f"{case.id}+cured", recipe=cure.recipe)
