"""A suite file in YAML to a checked Suite with all its cases. Touches no device, reads no model."""

from bench.suite.evaluated import load_evaluated
from bench.suite.hosts import resolve_hosts
from bench.suite.hosts_file import find_hosts
from bench.suite.load import load_suite
from bench.suite.overrides import apply_overrides
from bench.suite.schema import hosts_schema, suite_schema

__all__ = [
    "apply_overrides",
    "find_hosts",
    "hosts_schema",
    "load_evaluated",
    "load_suite",
    "resolve_hosts",
    "suite_schema",
]
