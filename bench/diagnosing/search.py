"""The search for what mends a description: all common mistakes undone one at a time, the best one first.

An accusation needs three things on the same images: an AP at least a tenth higher, at least `LEAST_GAIN`
higher, and a paired bootstrap interval of the gain that lies above zero. The chance to accuse a right
description, over all changes and all sizes of the sample, is held at `ERROR` by a weighted Bonferroni bound:
half of it goes to the changes that lead back to the family's customs, which are few and likely, half to all
others. Where the answer is open, the sample grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, log2

from bench.core.data import EvaluationData
from bench.detectors.families.base import Recognition
from bench.diagnosing.change import Change, distinct
from bench.diagnosing.changing_family import family_changes
from bench.diagnosing.changing_input import input_changes
from bench.diagnosing.changing_labels import label_changes
from bench.diagnosing.changing_output import output_changes
from bench.diagnosing.finding import Step, Trial
from bench.diagnosing.reading import Reader
from bench.diagnosing.scoring import Score, Scorer
from bench.diagnosing.settings import differences, usual_description
from bench.stats import Interval
from bench.wire.description import ModelDescription

# Relative gain in AP below which a setting is a matter of taste.
CLEAR_SHARE = 0.1

# Confidence with which a change is given up: its gain is below a tenth at this level.
OPEN_LEVEL = 0.95

# AP that a gain has at least: a tenth of nothing is nothing.
LEAST_GAIN = 0.005

# Chance that a round of trials accuses a right description.
ERROR = 0.05

# Fewer images than this give no interval to accuse by: a bootstrap needs a sample that stands for the rest.
LEAST_IMAGES = 20

# The sample grows to at most this many times the first one.
GROWTH = 8


@dataclass(frozen=True)
class Subject:
    """What is diagnosed.

    Attributes:
        suffix: of the model file.
        num_images: first sample; it doubles while the answer is open.
        recognised: families that the file looks like.
    """

    reader: Reader
    data: EvaluationData
    suffix: str
    num_images: int
    recognised: tuple[Recognition, ...] = ()

    @property
    def most_images(self) -> int:
        """How far the sample may grow."""
        return min(len(self.reader.images), GROWTH * self.num_images)

    @property
    def num_looks(self) -> int:
        """How many sizes the sample may take."""
        return 1 + ceil(log2(max(self.most_images / self.num_images, 1)))


def all_changes(subject: Subject, description: ModelDescription) -> list[Change]:
    """Return every change worth a try, each once."""
    usual = usual_description(description, subject.suffix)
    changes = [
        *family_changes(description, subject.recognised),
        *label_changes(description, list(subject.data.categories)),
        *input_changes(description, usual),
        *output_changes(description, usual),
    ]
    return distinct(changes, description)


def try_changes(subject: Subject, description: ModelDescription, count: int) -> Step:
    """Try all changes on the first `count` images, and on more while the answer is open."""
    changes = all_changes(subject, description)
    readings = subject.reader.read([change.description for change in changes], count)
    readable = [c for c, reading in zip(changes, readings, strict=True) if reading.detections is not None]
    judge = Judge(subject, description, levels_of(readable, description, subject))
    step = judge.look(changes, count)
    all_trials = {trial.change.key: trial for trial in step.trials}
    while step.chosen is None and step.open and count < subject.most_images:
        count = min(2 * count, subject.most_images)
        step = judge.look([trial.change for trial in step.open], count)
        all_trials.update({trial.change.key: trial for trial in step.trials})
    return replace(step, trials=tuple(all_trials.values()))


def levels_of(changes: Sequence[Change], description: ModelDescription, subject: Subject) -> dict[str, float]:
    """Return the confidence level that a gain of each change needs, by the change's key.

    Intervals are two-sided and only gains accuse, so a level of 1 - 2a errs with chance a.
    """
    usual = usual_description(description, subject.suffix)
    present = len(differences(description, usual))
    is_return = {c.key: len(differences(c.description, usual)) < present for c in changes}
    error, levels = ERROR / subject.num_looks, {}
    for flag in (True, False):
        keys = [key for key, value in is_return.items() if value is flag]
        share = 1.0 if len(keys) == len(is_return) else 0.5
        levels.update({key: 1 - 2 * error * share / len(keys) for key in keys})
    return levels


@dataclass(frozen=True)
class Judge:
    """Looks at changes of one description on samples of growing size.

    Attributes:
        levels: see `levels_of`; a change without one could not be read.
    """

    subject: Subject
    description: ModelDescription
    levels: dict[str, float]

    def look(self, changes: Sequence[Change], count: int) -> Step:
        """Try changes on the first `count` images."""
        reader = self.subject.reader
        base, *others = reader.read([self.description, *(c.description for c in changes)], count)
        scorer = Scorer(self.subject.data, [image.id for image in reader.images[:count]])
        before = scorer.score(base)
        scores = {c.key: scorer.score(reading) for c, reading in zip(changes, others, strict=True)}
        trials = tuple(
            Trial(c, scores[c.key].value, reading.reason, self._gain(scorer, c, scores[c.key], before))
            for c, reading in zip(changes, others, strict=True)
        )
        ranked = self._ranked(trials, scores, scorer, before)
        still_open = [t for t in trials if _is_open(scorer, t, scores[t.change.key], before)]
        return Step(
            num_images=count,
            value=before.value,
            reason=base.reason,
            trials=trials,
            chosen=ranked[0] if ranked else None,
            rivals=tuple(ranked[1:]),
            open=() if ranked else tuple(still_open),
        )

    def _gain(self, scorer: Scorer, change: Change, score: Score, before: Score) -> Interval | None:
        is_worth_it = score.value > before.value and change.key in self.levels
        return scorer.difference(score, before, self.levels[change.key]) if is_worth_it else None

    def _ranked(
        self, trials: Sequence[Trial], scores: dict[str, Score], scorer: Scorer, before: Score
    ) -> list[Trial]:
        """Return the best clear trial and those not told apart from it; of these, the most usual first."""
        clear = [trial for trial in trials if is_clear(trial, before.value)]
        if not clear or len(before.matches.image_ids) < LEAST_IMAGES:
            return []
        best = max(clear, key=lambda trial: trial.value)
        top = scores[best.change.key]
        equal = [t for t in clear if t is best or _is_level(scorer, top, scores[t.change.key])]
        usual = usual_description(self.description, self.subject.suffix)
        return sorted(equal, key=lambda trial: len(differences(trial.change.description, usual)))


def is_large(gain: float, before: float) -> bool:
    """Whether a gain is large enough to accuse, if it is real."""
    return gain >= max(CLEAR_SHARE * before, LEAST_GAIN)


def is_clear(trial: Trial, before: float) -> bool:
    """Whether a change is clearly better: the three things that an accusation needs."""
    gain = trial.gain
    return gain is not None and gain.low > 0 and is_large(gain.value, before)


def _is_open(scorer: Scorer, trial: Trial, score: Score, before: Score) -> bool:
    """Whether a gain that would accuse is within what these images allow."""
    if trial.reason or score.value < (1 - CLEAR_SHARE) * before.value:
        return False
    interval = scorer.difference(score, before, OPEN_LEVEL)
    return interval is not None and is_large(interval.high, before.value)


def _is_level(scorer: Scorer, top: Score, other: Score) -> bool:
    """Whether the images do not tell two apart, and less than a tenth lies between them."""
    interval = scorer.difference(top, other, OPEN_LEVEL)
    return interval is not None and interval.low <= 0 and interval.value < CLEAR_SHARE * top.value
