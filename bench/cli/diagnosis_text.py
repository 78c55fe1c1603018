"""What `bench diagnose` prints: the verdict first, then the lines to change, then what was tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.cli.diagnosis_of_builds import build_lines
from bench.diagnosing.finding import Diagnosis, Step, Trial
from bench.diagnosing.settings import as_yaml
from bench.diagnosing.suite import ModelDiagnosis
from bench.wire.codec import to_json

# Trials shown beside the verdict; the JSON has all of them.
NUM_SHOWN = 4


def as_text(result: ModelDiagnosis, suite_path: str) -> str:
    """Return the paragraphs on one model."""
    lines = [f"{result.model} ({result.case})"]
    if result.diagnosis is None:
        return "\n".join([*lines, f"  could not be diagnosed: {result.problem}"])
    found = result.diagnosis
    lines += [f"  {line}" for line in _verdict(found)]
    if found.lines:
        lines += ["", f"  in {suite_path}, below {result.place}:"]
        lines += [f"      {line}" for line in found.lines]
    lines += [f"  {line}" for line in (*_suspicions(found), *_tried(found), *_unusual(found))]
    lines += [f"  {line}" for build in result.builds for line in build_lines(build)]
    return "\n".join(line.rstrip() for line in lines)


def as_json(result: ModelDiagnosis) -> dict[str, Any]:
    """Return all that was found on one model as JSON values."""
    value: dict[str, Any] = to_json(result)
    return value


def _verdict(found: Diagnosis) -> Iterator[str]:
    on = f"on {found.num_images} images"
    if found.verdict == "mended" and found.gain is not None:
        changes = [step.chosen.change.text for step in found.steps if step.chosen]
        count = "one mistake" if len(changes) == 1 else f"{len(changes)} mistakes"
        yield f"{count} found; AP {found.value:.3f} becomes {found.mended_value:.3f} {on}"
        yield f"(gain {found.gain.value:.3f}, 95% interval {found.gain.low:.3f} to {found.gain.high:.3f}):"
        yield from (f"- {text}{_rivals(step)}" for text, step in zip(changes, found.steps, strict=False))
    elif found.verdict == "right":
        yield f"no mistake found: AP {found.value:.3f} {on}, and no change is clearly better"
    elif found.verdict == "undecided":
        yield f"undecided: AP {found.value:.3f} {on}; these may be better, but the images do not suffice:"
        yield from (f"- {_trial(trial)}" for trial in found.doubts)
    else:
        yield f"AP is {found.value:.3f} {on}, and no change of the description mends it"
    if found.reason:
        yield f"as the suite has it, the model cannot be read: {found.reason}"


def _rivals(step: Step) -> str:
    others = "; or: ".join(rival.change.text for rival in step.rivals)
    return f" (as good on these images: {others})" if others else ""


def _suspicions(found: Diagnosis) -> Iterator[str]:
    if found.suspicions:
        yield ""
        yield "what looks wrong:"
        yield from (f"- {text}" for text in found.suspicions)


def _tried(found: Diagnosis) -> Iterator[str]:
    step = found.steps[0]
    readable = [trial for trial in step.trials if not trial.reason]
    best = sorted(readable, key=lambda trial: trial.base - trial.value)[:NUM_SHOWN]
    yield ""
    without = "" if step.with_classes else ", without regard of classes"
    misfits = len(step.trials) - len(readable)
    yield f"{len(readable)} changes tried, {misfits} do not fit the model; the best{without}:"
    # Where they are of samples of several sizes, or another one than the verdict, each says its own.
    is_told = {trial.num_images for trial in best} - {found.num_images}
    yield from (f"- {_trial(trial, bool(is_told))}" for trial in best)


def _trial(trial: Trial, with_count: bool = False) -> str:
    on = f" on {trial.num_images} images" if with_count else ""
    return f"AP {trial.value:.3f} instead of {trial.base:.3f}{on}: {trial.change.text}"


def _unusual(found: Diagnosis) -> Iterator[str]:
    if not found.unusual:
        return
    yield ""
    yield "settings that differ from the family's usual ones, without a verdict:"
    for item in found.unusual:
        fits = item.usual_value is not None
        tried = f"gives AP {item.usual_value:.3f}" if fits else "does not fit the model"
        usual = "none" if item.usual is None else as_yaml(item.usual)
        yield f"- {item.key}: {as_yaml(item.present)} (usual: {usual}, which {tried})"
