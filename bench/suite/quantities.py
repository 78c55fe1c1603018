"""Quantities as people write them (`20m`, `2GiB`, `5%`) to base units. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

SECONDS: dict[str, float] = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600}
BYTES: dict[str, float] = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
NANOSECONDS: dict[str, float] = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
SHARES: dict[str, float] = {"%": 0.01}
# AP and AR run from 0 to 1, and people count them in points of 100.
POINTS: dict[str, float] = {"point": 0.01, "points": 0.01}


def pattern(units: Mapping[str, float]) -> str:
    """Return the regular expression of an amount with one of these units."""
    names = "|".join(sorted(map(re.escape, units), key=len, reverse=True))
    return rf"^([0-9]+(?:\.[0-9]+)?) ?({names})$"


def read_quantity(text: str, units: Mapping[str, float]) -> float | None:
    """Return an amount in base units; None where the text is no amount with one of these units."""
    found = re.fullmatch(pattern(units), text)
    return None if found is None else float(found[1]) * units[found[2]]
