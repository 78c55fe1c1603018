"""Reads demands as people write them: `latency_p95 <= 50 ms and size <= 5 MB and host == pi5`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from bench.core.constraint import WORDS, Constraint, Operator
from bench.core.metric import METRICS, Unit
from bench.errors import UsageError
from bench.suite.gate import metric_names
from bench.suite.quantities import BYTES, NANOSECONDS, SHARES, read_quantity
from bench.suite.spelling import advise

_TERM = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|!=|<|>)\s*(.+?)\s*")
_AND = re.compile(r"\s+and\s+")
_UNITS: dict[Unit, Mapping[str, float]] = {"ns": NANOSECONDS, "bytes": BYTES, "ap": SHARES, "ar": SHARES}
_EXAMPLE = "latency_p95 <= 50 ms and size <= 5 MB and host == pi5"


def read_constraints(text: str) -> tuple[Constraint, ...]:
    """Read demands that are joined by `and`; none from an empty text.

    Raises:
        UsageError: a part is no demand, or names no metric; the message has the nearest known name.
    """
    return tuple(_read_term(part) for part in _AND.split(text.strip()) if part)


def _read_term(text: str) -> Constraint:
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
    amount = read_quantity(value, units) if units else None
    if amount is not None:
        return amount
    number = _number(value)
    if number is None or (unit in ("ns", "bytes") and number != 0):
        example = {"ns": "50 ms", "bytes": "5 MB", "ap": "0.22 or 22%"}.get(unit, "1.5")
        raise UsageError(f"{text!r}: got {value!r}, expected an amount such as {example}")
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
