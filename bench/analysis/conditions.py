"""What the looks at the machine around timed rounds call for, beside making a round invalid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.core.record import Advice

# Pages that the machine swapped while a round was timed; a page or two come and go by themselves.
MOST_SWAPPED_PAGES = 64


def condition_advice(rounds: Sequence[Mapping[str, Any]]) -> tuple[Advice, ...]:
    """Return advice on the timed rounds of one case, valid ones: a low clock, swapping, a warm start.

    Args:
        rounds: lines of the case's journal (see `bench.store.folder`), looks in `before` and `after`.
    """
    good = [line for line in rounds if line.get("status") == "ok" and line.get("valid", True)]
    found = [_low_clock(good), _unknown_throttling(good), _swapping(good), _warm(good)]
    return tuple(advice for advice in found if advice is not None)


def _low_clock(rounds: Sequence[Mapping[str, Any]]) -> Advice | None:
    said = [text for line in rounds for text in (line.get("after") or {}).get("warnings") or ()]
    if not said:
        return None
    more = f" (and in {len(said) - 1} more rounds)" if len(said) > 1 else ""
    return Advice(
        "low_clock",
        f"{said[0]}{more}",
        "look for a limit of the clock (arm_freq, a governor's maximum); set the governor to performance",
    )


def _unknown_throttling(rounds: Sequence[Mapping[str, Any]]) -> Advice | None:
    """Say that a board's firmware keeps silent: its rounds are valid only as far as anybody knows."""
    if not any((line.get("before") or {}).get("firmware_answers") is False for line in rounds):
        return None
    return Advice(
        "throttling_unknown",
        "vcgencmd is there but tells nothing, so a round that was throttled or under-volted is not seen",
        "add the user there to the group video (sudo usermod -aG video USER), and log in anew",
    )


def _swapping(rounds: Sequence[Mapping[str, Any]]) -> Advice | None:
    pages = [_swapped_pages(line) for line in rounds]
    num_rounds = sum(count > MOST_SWAPPED_PAGES for count in pages)
    if not num_rounds:
        return None
    return Advice(
        "swapping",
        f"the machine swapped up to {max(pages):,} pages during {num_rounds} of {len(rounds)} timed rounds",
        "free memory there, or its latency is that of its disk",
    )


def _swapped_pages(line: Mapping[str, Any]) -> int:
    disturbance = (line.get("after") or {}).get("disturbance") or {}
    return sum(disturbance.get(name) or 0 for name in ("swapped_in_pages", "swapped_out_pages"))


def _warm(rounds: Sequence[Mapping[str, Any]]) -> Advice | None:
    """Say that cooling was given up: the target may lie below what the board reaches at rest."""
    cooled = [cooling for line in rounds if (cooling := (line.get("before") or {}).get("cooling"))]
    late = [cooling for cooling in cooled if not cooling["is_reached"] and cooling.get("to_c") is not None]
    if not late:
        return None
    lowest = min(cooling["to_c"] for cooling in late)
    return Advice(
        "not_cooled",
        f"{len(late)} rounds began above the target of {late[0]['target_c']:g} °C: it cooled to "
        f"{lowest:.1f} °C in the time allowed",
        "give the host a higher target_temperature, a longer cooling, or a fan",
    )
