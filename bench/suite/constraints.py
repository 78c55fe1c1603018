"""Reads demands as people write them: `latency_p95 <= 50 ms and size <= 5 MB and host == pi5`. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import cast

from bench.core.constraint import WORDS, Constraint, Goal, Operator
from bench.core.metric import METRICS, Unit
from bench.errors import UsageError
from bench.suite.gate import metric_names
from bench.suite.quantities import BYTES, NANOSECONDS, POINTS, SHARES, read_quantity
from bench.suite.spelling import advise

_TERM = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*")
_AND = re.compile(r"\s+and\s+|\s+(?=on\s)")
# `... on pi5` is how people say `... and host == pi5`.
_ON_HOST = re.compile(r"on\s+([A-Za-z0-9._-]+)")
_AP = {**SHARES, **POINTS}
_UNITS: dict[Unit, Mapping[str, float]] = {"ns": NANOSECONDS, "bytes": BYTES, "ap": _AP, "ar": _AP}
# Read from the file, not measured.
_EXACT = ("size_bytes", "compressed_bytes")
_EXAMPLE = "latency_p95 <= 50 ms and size <= 5 MB and host == pi5"


def read_constraints(text: str) -> tuple[Constraint, ...]:
    """Read demands that are joined by `and`; none from an empty text.

    Raises:
        UsageError: a part is no demand, or names no metric; the message has the nearest known name.
    """
    return tuple(_read_term(part) for part in _AND.split(text.strip()) if part)


def read_goal(text: str) -> Goal:
    """Read a goal: demands on metrics, narrowed by words of the cases that it is about.

    Raises:
        UsageError: as `read_constraints`; or no metric is demanded, or one by `==` that is not exact.
    """
    found = read_constraints(text)
    demands = tuple(one for one in found if not one.is_word)
    if not demands:
        raise UsageError(f"{text!r} demands no metric, expected one such as {_EXAMPLE!r}")
    for one in demands:
        if one.operator in ("==", "!=") and one.subject not in _EXACT:
            raise UsageError(f"{one.text!r}: {one.subject} is measured, never met exactly; expected <= or >=")
    return Goal(tuple(one for one in found if one.is_word), demands, text.strip())


def _read_term(text: str) -> Constraint:
    on_host = _ON_HOST.fullmatch(text.strip())
    if on_host:
        return Constraint("host", "==", on_host[1], text.strip())
    found = _TERM.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no demand, expected one such as {_EXAMPLE!r}")
    name, operator, value = found.groups()
    names = metric_names()
    if name in WORDS:
        if operator not in ("==", "!="):
            raise UsageError(f"{text!r}: {name} is a name, expected == or !=")
        return Constraint(name, cast(Operator, operator), value.strip("'\""), text)
    if name not in names:
        shown = {full: short for short, full in names.items() if short not in METRICS}
        known = [*(shown.get(full, full) for full in METRICS), *WORDS]
        raise UsageError(f"{text!r}: unknown metric {name!r}{advise(name, known)}")
    return Constraint(names[name], cast(Operator, operator), _read_value(text, names[name], value), text)


def _read_value(text: str, metric: str, value: str) -> float:
    unit = METRICS[metric][0]
    units = _UNITS.get(unit)
    size = value.removeprefix("-").lstrip()
    amount = read_quantity(size, units) if units else None
    if amount is not None:
        return amount if size == value else -amount
    number = _number(value)
    if number is None or (unit in ("ns", "bytes") and number != 0):
        example = {"ns": "50 ms", "bytes": "5 MB", "ap": "0.22, 22% or 1 point"}.get(unit, "1.5")
        raise UsageError(f"{text!r}: got {value!r}, expected an amount such as {example}{_known(unit)}")
    return number


def _known(unit: Unit) -> str:
    """List the units of times and bytes, which nobody should have to guess."""
    return f" (units: {', '.join(_UNITS[unit])})" if unit in ("ns", "bytes") else ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
