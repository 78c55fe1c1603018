"""The `goals:` of a suite's gate: limits that hold whatever was before, checked and kept as written."""

from __future__ import annotations

from typing import Any

from bench.errors import UsageError
from bench.suite.constraints import read_goal
from bench.suite.forms import Schema
from bench.suite.gate import GOALS
from bench.suite.nodes import Node
from bench.suite.reading import Reading

_EXAMPLE = '["end_to_end_p95 <= 100 ms on pi5", "map_50_95 >= 0.22"]'


def check_goals(gate: Node, reading: Reading) -> dict[str, Any]:
    """Check the goals and return them as plain data under their key; nothing where there are none."""
    node = gate.fields.get(GOALS)
    if node is None:
        return {}
    if not node.items:
        reading.complain(("gate", GOALS), f"got {node.shown()}, expected a list of goals as in {_EXAMPLE}")
    for i, item in enumerate(node.items):
        problem = _problem(item)
        if problem:
            reading.complain(("gate", GOALS, i), problem)
    return {GOALS: [item.value for item in node.items]}


def _problem(item: Node) -> str:
    """Say what is wrong with one goal; empty where nothing is."""
    if not isinstance(item.value, str):
        return f"got {item.shown()}, expected a goal such as 'map_50_95 >= 0.22'"
    try:
        read_goal(item.value)
    except UsageError as problem:
        return str(problem)
    return ""


def goals_schema() -> Schema:
    """Return the JSON Schema of the goals; their words are checked by `load_suite` alone."""
    return {
        "description": "What every case that fits must reach: metrics with limits, narrowed by host, "
        "precision, runtime, model, group, threads.",
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "pattern": "(<=|>=|==|!=|<|>)"},
    }
