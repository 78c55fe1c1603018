"""Under which conditions a case's rounds were timed, and why some of them do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# A line of a case's journal, see `bench.store.folder`.
Line = Mapping[str, Any]

# What a look at the machine reads that has a lowest and a highest value.
_RANGES = ("temperature_c", "frequency_hz")


def conditions_of(rounds: Sequence[Line]) -> dict[str, Any]:
    """Return `temperature_c` and `frequency_hz` as `[lowest, highest]`, and the `governors` seen.

    Of the valid timed rounds: before, under load where the device can tell, and after. What was never read is
    absent.
    """
    looks = [look for line in rounds if _is_valid(line) for look in _looks(line)]
    found: dict[str, Any] = {}
    for key in _RANGES:
        values = [float(look[key]) for look in looks if _is_number(look.get(key))]
        if values:
            found[key] = [min(values), max(values)]
    governors = sorted({str(look["governor"]) for look in looks if look.get("governor")})
    return {**found, **({"governors": governors} if governors else {})}


def invalid_reasons(rounds: Sequence[Line]) -> dict[str, int]:
    """Count the causes of rounds that ended well but were measured on a disturbed machine.

    A round with several causes counts under each of them.
    """
    counts: Counter[str] = Counter()
    for line in rounds:
        if line.get("status") == "ok" and not line.get("valid", True):
            counts.update(line.get("causes") or [line.get("reason") or "no cause was recorded"])
    return dict(counts.most_common())


def _is_valid(line: Line) -> bool:
    return line.get("status") == "ok" and bool(line.get("valid", True))


def _looks(line: Line) -> Iterator[Mapping[str, Any]]:
    result = line.get("result") or {}
    for look in (line.get("before"), result.get("under_load"), line.get("after")):
        if isinstance(look, Mapping):
            yield look


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
