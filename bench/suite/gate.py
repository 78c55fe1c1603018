"""The `gate:` part of a suite: rules are checked and kept as written; judging is left to the gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.core.metric import METRICS, Unit
from bench.suite.forms import Schema, plain
from bench.suite.nodes import Node, Path
from bench.suite.quantities import BYTES, NANOSECONDS, SHARES, pattern, read_quantity
from bench.suite.reading import Reading
from bench.suite.spelling import advise

# What people call some metrics; every metric may also be named without its unit.
_PEOPLE_NAMES = {"peak_memory": "peak_rss_bytes", "model_memory": "model_rss_bytes"}

_UNITS: dict[Unit, Mapping[str, float]] = {"ns": {**SHARES, **NANOSECONDS}, "bytes": {**SHARES, **BYTES}}
_EXAMPLES = {"ns": "2% or 0.5 ms", "bytes": "10% or 2 MiB"}
_RULES = {"higher": "max_drop", "lower": "max_increase"}
# A change for the worse that must not pass unseen.
_FIND = "find"
# Every class by itself, with a rule of its own.
_PER_CLASS = "per_class"
# Classes on fewer photos are not judged by themselves.
_MIN_PHOTOS = "min_photos"
# Limits whatever was before; see `goals`.
GOALS = "goals"


def metric_names() -> dict[str, str]:
    """Return every name that a suite may use for a metric, with the metric's own."""
    names = {name: name for name in METRICS}
    names.update({name.removesuffix("_ns").removesuffix("_bytes"): name for name in METRICS})
    return {**names, **_PEOPLE_NAMES}


def check_gate(gate: Node, reading: Reading) -> dict[str, Any]:
    """Check the rules and return them as plain data, metrics by their own names; goals are left out."""
    names = metric_names()
    rules: dict[str, Any] = {}
    for written, node in gate.fields.items():
        path = ("gate", written)
        if written == GOALS:
            continue
        if written not in names:
            reading.complain(path, f"unknown metric {written!r}{advise(written, _short_names())}")
        elif names[written] in rules:
            reading.complain(path, f"got a second rule for {names[written]}, expected one: remove one")
        else:
            rules[names[written]] = plain(node)
            _check_rule(names[written], node, path, reading)
    return rules


def _short_names() -> list[str]:
    shown = {name: short for short, name in metric_names().items() if short not in METRICS}
    return [shown.get(name, name) for name in METRICS]


def _check_rule(metric: str, node: Node, path: Path, reading: Reading) -> None:
    unit, direction, _ = METRICS[metric]
    rule = _RULES[direction]
    example = f"{{{rule}: {'0.005' if unit not in _UNITS else '2%'}}}"
    if node.kind != "mapping" or not node.fields:
        reading.complain(path, f"got {node.shown()}, expected a rule such as {example}")
    elif not set(node.fields) - {_FIND, _PER_CLASS, _MIN_PHOTOS}:
        reading.complain(path, f"no tolerance, expected {rule} as in {example}")
    for key, value in node.fields.items():
        if key == _PER_CLASS and has_classes(metric) and _PER_CLASS not in path:
            _check_rule(metric, value, (*path, key), reading)
        elif key == _MIN_PHOTOS and _PER_CLASS in path:
            _check_count(value, (*path, key), reading)
        elif key not in (rule, _FIND):
            wrong = f"{metric} is better {direction}, " if key in _RULES.values() else "unknown rule, "
            reading.complain((*path, key), f"{wrong}expected {rule} as in {example}")
        elif not _is_tolerance(value, unit):
            expected = f"a share or an amount such as {_EXAMPLES[unit]}" if unit in _UNITS else "0.005 or 1%"
            reading.complain((*path, key), f"got {value.shown()}, expected {expected}")


def has_classes(metric: str) -> bool:
    """Whether a metric is a mean over classes, each of which may be judged by itself."""
    return METRICS[metric][0] == "ap" and not metric.endswith("_difference")


def _check_count(node: Node, path: Path, reading: Reading) -> None:
    if type(node.value) is not int or node.value < 0:
        reading.complain(path, f"got {node.shown()}, expected a number of photos of 0 or more")


def _is_tolerance(node: Node, unit: Unit) -> bool:
    if isinstance(node.value, str):
        return read_quantity(node.value, _UNITS.get(unit, SHARES)) is not None
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
        return False
    return node.value == 0 or (unit not in _UNITS and node.value >= 0)


def read_tolerance(written: Any, unit: Unit) -> tuple[float, bool]:
    """Return a checked tolerance in base units, and whether it is a share of the old value."""
    if not isinstance(written, str):
        return float(written), unit in _UNITS
    amount = read_quantity(written, _UNITS.get(unit, SHARES))
    assert amount is not None, f"{written!r} was not checked"
    return amount, read_quantity(written, SHARES) is not None


def gate_schema() -> Schema:
    """Return the JSON Schema of the gate: the rule that fits each metric."""
    return {
        "type": ["object", "null"],
        "properties": {written: _rule_schema(name) for written, name in metric_names().items()},
        "additionalProperties": False,
    }


def _rule_schema(metric: str, is_per_class: bool = False) -> Schema:
    unit, direction, meaning = METRICS[metric]
    amount: Schema = {"type": "string", "pattern": pattern(_UNITS.get(unit, SHARES))}
    number: Schema = {"const": 0} if unit in _UNITS else {"type": "number", "minimum": 0}
    rule = _RULES[direction]
    properties: Schema = {name: {"anyOf": [number, amount]} for name in (rule, _FIND)}
    if is_per_class:
        properties[_MIN_PHOTOS] = {"type": "integer", "minimum": 0}
    elif has_classes(metric):
        properties[_PER_CLASS] = _rule_schema(metric, is_per_class=True)
    return {
        "description": f"{meaning}, of each class by itself" if is_per_class else meaning,
        "type": "object",
        "properties": properties,
        "required": [rule],
        "additionalProperties": False,
    }
