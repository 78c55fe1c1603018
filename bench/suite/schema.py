"""The JSON Schemas of suite files and of hosts files, so that editors complete and check them."""

from __future__ import annotations

from typing import Any

from bench.suite.format import SUITE
from bench.suite.gate import GOALS, gate_schema
from bench.suite.goals import goals_schema
from bench.suite.hosts_file import HOSTS


def suite_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a suite file; it follows from the forms that read one.

    It knows the shape of the file; names that refer to others, and files, are checked by `load_suite` alone.
    """
    schema = SUITE.schema()
    schema["properties"]["gate"] = gate_schema()
    schema["properties"]["gate"]["properties"][GOALS] = goals_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Suite",
        "description": "Which models, precisions, runtimes and hosts to measure, on which data.",
        **schema,
    }


def hosts_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a hosts file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Hosts",
        "description": "Where the hosts that suites name are, and what is special about them.",
        **HOSTS.schema(),
    }
