"""A suite file in YAML to a checked Suite with all its cases. Touches no device, reads no model."""

from bench.suite.load import load_suite
from bench.suite.overrides import apply_overrides
from bench.suite.schema import suite_schema

__all__ = ["apply_overrides", "load_suite", "suite_schema"]
