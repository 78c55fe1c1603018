"""Which metrics are judged, and how strictly: a suite's rules, or the default ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.core.metric import METRICS
from bench.core.verdict import Rule
from bench.suite.gate import GOALS, read_tolerance

# What is judged where a suite declares no gate.
DEFAULT_RULES: dict[str, dict[str, Any]] = {
    "map_50_95": {"max_drop": 0.005},
    "latency_p50_ns": {"max_increase": "2%"},
    "peak_rss_bytes": {"max_increase": "5%"},
    "size_bytes": {"max_increase": 0},
}

# A tolerance is what is accepted; a change so many times as large must not slip through.
_FIND_FACTOR = 2.5
# Below these, finding a change takes more rounds or images than anybody spends by default.
_LEAST_FIND = {"relative": 0.05, "ap": 0.02, "ar": 0.02}
# One class is on a part of the images alone.
_LEAST_FIND_PER_CLASS = 0.1


def make_rules(declared: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of a suite's `gate:` part, metrics by their own names; the default ones if empty."""
    rules = {key: rule for key, rule in declared.items() if key != GOALS} or DEFAULT_RULES
    return tuple(made for metric in METRICS if metric in rules for made in _make_rules(metric, rules[metric]))


def _make_rules(metric: str, rule: Mapping[str, Any]) -> list[Rule]:
    """Return the rule of a metric, and that of its classes where there is one."""
    whole, of_classes = _make_rule(metric, rule), rule.get("per_class")
    if of_classes is None:
        return [whole]
    made = _make_rule(metric, of_classes)
    find = made.find if "find" in of_classes else max(made.find, _LEAST_FIND_PER_CLASS)
    min_images = int(of_classes.get("min_photos", 0))
    return [whole, replace(made, find=find, is_per_class=True, min_images=min_images)]


def _make_rule(metric: str, rule: Mapping[str, Any]) -> Rule:
    unit, direction, _ = METRICS[metric]
    tolerance, is_relative = read_tolerance(
        rule["max_increase" if direction == "lower" else "max_drop"], unit
    )
    if "find" in rule:
        find, _ = read_tolerance(rule["find"], unit)
    else:
        least = _LEAST_FIND.get("relative" if is_relative else unit, 0.0)
        find = max(_FIND_FACTOR * tolerance, least)
    return Rule(metric, tolerance, is_relative, max(find, tolerance))
