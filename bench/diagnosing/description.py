"""Diagnosing a description: up to three steps that mend it, and what is unusual in it."""

from __future__ import annotations

from collections.abc import Sequence

from bench.diagnosing.demand import is_large
from bench.diagnosing.finding import Diagnosis, Step, Trial, Unusual, Verdict
from bench.diagnosing.scoring import Scorer
from bench.diagnosing.search import try_changes
from bench.diagnosing.settings import differences, suite_lines, usual_description, with_setting
from bench.diagnosing.subject import Subject
from bench.diagnosing.suspicion import suspect
from bench.wire.description import ModelDescription

# Mistakes that may coincide; more than that is another model.
MAX_STEPS = 3

# Below this AP a detector finds nothing of use.
NOTHING_FOUND = 0.005


def diagnose_description(subject: Subject, description: ModelDescription) -> Diagnosis:
    """Find the changes of a description that mend it, if it needs any."""
    steps: list[Step] = []
    present, count = description, min(subject.num_images, len(subject.reader.images))
    while len(steps) < MAX_STEPS:
        step = try_changes(subject, present, count)
        if step.chosen is None and step.value < NOTHING_FOUND:
            # Where labels are wrong as well, nothing shows in AP until both are mended.
            boxes = try_changes(subject, present, count, with_classes=False)
            step = boxes if boxes.chosen else step
        steps.append(step)
        count = step.num_images
        if step.chosen is None:
            break
        present = step.chosen.change.description
    return _conclude(subject, description, present, steps)


def _conclude(
    subject: Subject, description: ModelDescription, mended: ModelDescription, steps: Sequence[Step]
) -> Diagnosis:
    count = steps[-1].num_images
    before, after = subject.reader.read([description, mended], count)
    scorer = Scorer(subject.data, [image.id for image in subject.reader.images[:count]])
    first, last = scorer.score(before), scorer.score(after)
    gain = scorer.difference(last, first, 0.95)
    # How large a gain each step needs was its own matter; here it has to hold on the sample as it has grown.
    is_mended = (
        mended != description and gain is not None and gain.low > 0 and is_large(gain.value, first.value, 0.0)
    )
    if not is_mended:
        mended, last = description, first
    doubts = _doubts(steps[-1], mended, subject.suffix)
    return Diagnosis(
        verdict=_verdict(is_mended, last.value, doubts),
        num_images=count,
        value=first.value,
        reason=before.reason,
        steps=tuple(steps),
        mended=mended,
        mended_value=last.value,
        gain=gain if is_mended else None,
        doubts=doubts,
        lines=suite_lines(description, mended),
        unusual=_unusual(subject, mended, scorer, count),
        suspicions=suspect(after if is_mended else before, scorer, subject.data)
        if last.value < NOTHING_FOUND
        else (),
    )


def _verdict(is_mended: bool, value: float, doubts: Sequence[Trial]) -> Verdict:
    if is_mended:
        return "mended"
    if value < NOTHING_FOUND:
        return "lost"
    return "undecided" if doubts else "right"


def _doubts(last: Step, present: ModelDescription, suffix: str) -> tuple[Trial, ...]:
    """Return what would lead back to the family's customs and may be better.

    What leads away from them is not worth a doubt unless it is clearly better, and then it is accused.
    """
    usual = usual_description(present, suffix)
    distance = len(differences(present, usual))
    return tuple(
        trial
        for trial in last.open
        if trial.gain is not None
        and is_large(trial.gain.value, last.value, trial.doubt_share)
        and len(differences(trial.change.description, usual)) < distance
    )


def _unusual(
    subject: Subject, description: ModelDescription, scorer: Scorer, count: int
) -> tuple[Unusual, ...]:
    """List the settings that differ from the family's, each with the AP of the usual one in its place."""
    usual = usual_description(description, subject.suffix)
    found = differences(description, usual)
    changed = [with_setting(description, usual, key) for key in found]
    readings = subject.reader.read(changed, count)
    values = [scorer.score(reading).value if reading.detections else None for reading in readings]
    return tuple(Unusual(key, *pair, value) for (key, pair), value in zip(found.items(), values, strict=True))
