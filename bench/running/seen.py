"""What a case's journal shows beside its figures, as advice: nothing found, boxes outside, a busy machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bench.core.record import Advice

# More boxes than this with their centre outside of the photo are no accident of rounding.
OUTSIDE_SHARE = 0.2

# Runnable processes beside our own threads from which the scheduler moves timings.
BUSY_LOAD = 0.5


def advice_on(lines: Mapping[str, Sequence[dict[str, Any]]]) -> tuple[Advice, ...]:
    """Return what the lines of one case, sorted by kind, show."""
    passes = [line["result"] for line in lines.get("accuracy_pass", []) if line["status"] == "ok"]
    found = [*_detections(passes), *_load(lines.get("latency", []))]
    return tuple(found)


def lost_board_advice(lost: Mapping[str, str]) -> tuple[Advice, ...]:
    """Say which boards of a host were given up while the others went on.

    Args:
        lost: board -> the reason.
    """
    return tuple(
        Advice("lost_board", f"board {board} was given up: {reason}", "mend it and use --resume")
        for board, reason in lost.items()
    )


def _detections(passes: Sequence[dict[str, Any]]) -> list[Advice]:
    count = sum(result["num_detections"] for result in passes)
    outside = sum(result["boxes_outside"] for result in passes)
    if passes and not count:
        return [
            Advice(
                "no_detections",
                "not one detection on any image",
                "look at normalisation, class scores and score threshold of the model's description",
            )
        ]
    if count and outside / count > OUTSIDE_SHARE:
        return [
            Advice(
                "boxes_outside",
                f"{outside / count:.0%} of all boxes lie outside of their photo",
                "look at box order, units (pixels or 0 to 1) and letterboxing of the model's description",
            )
        ]
    return []


def _load(rounds: Sequence[dict[str, Any]]) -> list[Advice]:
    loads = [probe["load_average"][0] for probe in map(_before, rounds) if _has_load(probe)]
    threads = [line["result"].get("proof", {}).get("threads") or 1 for line in rounds if line.get("result")]
    # Our own timed threads count in the load average, and are no disturbance.
    if loads and threads and median(loads) > max(threads) + BUSY_LOAD:
        return [
            Advice(
                "busy_machine",
                f"load average was {median(loads):.1f} while {max(threads)} thread(s) were timed: "
                "other work ran at the same time",
                "close what else runs, and measure again before deciding on a small difference",
            )
        ]
    return []


def _before(line: dict[str, Any]) -> dict[str, Any]:
    probe: dict[str, Any] = line.get("before", {})
    return probe


def _has_load(probe: dict[str, Any]) -> bool:
    return isinstance(probe.get("load_average"), (list, tuple)) and bool(probe["load_average"])
