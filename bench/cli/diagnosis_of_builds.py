"""What `bench diagnose` prints of quantized builds: how far below, where it is lost, what mends it."""

from __future__ import annotations

from collections.abc import Iterator

from bench.diagnosing.build import BuildDiagnosis
from bench.diagnosing.cure_ideas import shortened
from bench.diagnosing.loss import Lost
from bench.diagnosing.timing import Times
from bench.diagnosing.trying import TriedCure

# First losses shown; more than that is everywhere.
NUM_LOSSES = 3


def build_lines(found: BuildDiagnosis) -> Iterator[str]:
    """Return the paragraph on one build; one line where it is as good as its sibling."""
    yield ""
    against = f"AP {found.value:.3f}, fp32 {found.float_value:.3f} on {found.num_images} images"
    if not found.is_far_below:
        yield f"{found.case}: {against}: not far below"
    else:
        yield f"{found.case}: far below its sibling: {against}"
    if found.problem:
        yield f"  {found.problem}"
    if found.num_layers:
        yield from (f"  {line}" for line in _losses(found))
    yield from (f"  {note}" for note in found.notes)
    yield from (f"  {line}" for line in _cures(found))


def _losses(found: BuildDiagnosis) -> Iterator[str]:
    by_place = f", {found.num_by_place} of them by place" if found.num_by_place else ""
    yield f"{found.num_compared} of {found.num_layers} layers compared with fp32{by_place}"
    if not found.losses:
        yield "no layer loses its signal: the loss is spread over all of them, or lies behind the last layer"
    for lost in found.losses[:NUM_LOSSES]:
        yield f"signal lost at {shortened(lost.layer.name)} ({lost.layer.op}): {_fall(lost)}"
    if len(found.losses) > NUM_LOSSES:
        yield f"and at {len(found.losses) - NUM_LOSSES} more layers"


def _fall(lost: Lost) -> str:
    now = f"{lost.layer.figures.channel_sqnr_db:.1f} dB"
    if lost.before_db is None:
        return f"{now} behind the image"
    return f"{now}, from {lost.before_db:.1f} dB before it" + ("" if lost.is_sudden else " (bit by bit)")


def _cures(found: BuildDiagnosis) -> Iterator[str]:
    for tried in found.cures:
        yield f"tried: {tried.cure.reason}: {_result(tried)}"
    if found.named is not None:
        yield "the cure, to paste into the suite (and `cured` into matrix.precision):"
        yield from (f"    {line}" for line in found.named.lines)
        yield _time(found.times)
    elif found.cures:
        yield "none of them brings the accuracy back; measure fp16, or train with `qat`"


def _time(times: Times | None) -> str:
    if times is None:
        return "it was not timed, and may be slower than fp32: measure before shipping"
    words = f"{times.cured_ns / 1e6:.3g} ms, fp32 {times.float_ns / 1e6:.3g} ms"
    threads = "1 thread" if times.threads == 1 else f"{times.threads} threads"
    slower = ": slower than fp32 here" if times.cured_ns > times.float_ns else ""
    return (
        f"one invoke of it took {words} (median of {times.num_calls} calls, {threads}){slower}; measure on "
        "the device before shipping"
    )


def _result(tried: TriedCure) -> str:
    return f"AP {tried.value:.3f}" if tried.value is not None else f"cannot be made: {tried.problem}"
