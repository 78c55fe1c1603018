"""The search for what mends a description: all common mistakes undone one at a time, the best one first.

What an accusation needs is in `demand`. Where the answer is open, the sample grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.diagnosing.change import Change
from bench.diagnosing.changing import all_changes
from bench.diagnosing.demand import CLEAR_SHARE, Demand, demands_of, is_large
from bench.diagnosing.finding import Step, Trial
from bench.diagnosing.scoring import Score, Scorer
from bench.diagnosing.settings import differences, usual_description
from bench.diagnosing.subject import Subject
from bench.stats import Interval
from bench.wire.description import ModelDescription

# Confidence with which a change is given up: its gain is below a tenth at this level.
OPEN_LEVEL = 0.95

# Fewer images than this give no interval to accuse by: a bootstrap needs a sample that stands for the rest.
LEAST_IMAGES = 20


def try_changes(
    subject: Subject, description: ModelDescription, count: int, with_classes: bool = True
) -> Step:
    """Try all changes on the first `count` images, and on more while the answer is open.

    Args:
        with_classes: score as COCO does; otherwise as if all objects were of one class, which shows that
            boxes become right where the labels are wrong as well.
    """
    changes = all_changes(subject, description)
    readings = subject.reader.read([change.description for change in changes], count)
    readable = [c for c, reading in zip(changes, readings, strict=True) if reading.detections is not None]
    judge = Judge(subject, description, demands_of(readable, description, subject), with_classes)
    step = judge.look(changes, count)
    all_trials = {trial.change.key: trial for trial in step.trials}
    while step.chosen is None and step.open and count < subject.most_images:
        count = min(2 * count, subject.most_images)
        step = judge.look([trial.change for trial in step.open], count)
        all_trials.update({trial.change.key: trial for trial in step.trials})
    return replace(step, trials=tuple(all_trials.values()))


@dataclass(frozen=True)
class Judge:
    """Looks at changes of one description on samples of growing size.

    Attributes:
        demands: see `demands_of`; a change without one could not be read.
    """

    subject: Subject
    description: ModelDescription
    demands: dict[str, Demand]
    with_classes: bool = True

    def look(self, changes: Sequence[Change], count: int) -> Step:
        """Try changes on the first `count` images."""
        reader = self.subject.reader
        base, *others = reader.read([self.description, *(c.description for c in changes)], count)
        scorer = Scorer(self.subject.data, [image.id for image in reader.images[:count]])
        score = scorer.score if self.with_classes else scorer.score_without_classes
        before = score(base)
        scores = {c.key: score(reading) for c, reading in zip(changes, others, strict=True)}
        trials = tuple(
            Trial(
                change=c,
                value=scores[c.key].value,
                base=before.value,
                num_images=count,
                reason=reading.reason,
                gain=self._gain(scorer, c, scores[c.key], before),
                doubt_share=self.demands[c.key].doubt_share if c.key in self.demands else CLEAR_SHARE,
            )
            for c, reading in zip(changes, others, strict=True)
        )
        ranked = self._ranked(trials, scores, scorer, before)
        still_open = [t for t in trials if self._is_open(scorer, t, scores[t.change.key], before)]
        return Step(
            num_images=count,
            with_classes=self.with_classes,
            value=before.value,
            reason=base.reason,
            trials=trials,
            chosen=ranked[0] if ranked else None,
            rivals=tuple(ranked[1:]),
            open=() if ranked else tuple(still_open),
        )

    def _gain(self, scorer: Scorer, change: Change, score: Score, before: Score) -> Interval | None:
        is_worth_it = score.value > before.value and change.key in self.demands
        return scorer.difference(score, before, self.demands[change.key].level) if is_worth_it else None

    def _is_clear(self, trial: Trial, before: float) -> bool:
        """Whether a change is clearly better: the three things that an accusation needs."""
        gain = trial.gain
        if gain is None or gain.low <= 0:
            return False
        return is_large(gain.value, before, self.demands[trial.change.key].share)

    def _is_open(self, scorer: Scorer, trial: Trial, score: Score, before: Score) -> bool:
        """Whether a gain that would accuse is within what these images allow."""
        if trial.change.key not in self.demands or score.value < (1 - CLEAR_SHARE) * before.value:
            return False
        interval = scorer.difference(score, before, OPEN_LEVEL)
        return interval is not None and is_large(interval.high, before.value, trial.doubt_share)

    def _ranked(
        self, trials: Sequence[Trial], scores: dict[str, Score], scorer: Scorer, before: Score
    ) -> list[Trial]:
        """Return the best clear trial and those not told apart from it: most usual first, then best."""
        clear = [trial for trial in trials if self._is_clear(trial, before.value)]
        if not clear or len(before.matches.image_ids) < LEAST_IMAGES:
            return []
        best = max(clear, key=lambda trial: trial.value)
        top = scores[best.change.key]
        equal = [t for t in clear if t is best or _is_level(scorer, top, scores[t.change.key])]
        usual = usual_description(self.description, self.subject.suffix)
        return sorted(
            equal, key=lambda trial: (len(differences(trial.change.description, usual)), -trial.value)
        )


def _is_level(scorer: Scorer, top: Score, other: Score) -> bool:
    """Whether the images do not tell two apart, and less than a tenth lies between them."""
    interval = scorer.difference(top, other, OPEN_LEVEL)
    return interval is not None and interval.low <= 0 and interval.value < CLEAR_SHARE * top.value
