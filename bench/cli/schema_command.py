"""`bench schema`: print the JSON Schema of suites, of hosts files or of records."""

from __future__ import annotations

import argparse
import json


def run(options: argparse.Namespace) -> int:
    """Print the schema asked for."""
    if options.kind == "suite":
        from bench.suite import suite_schema

        schema = suite_schema()
    elif options.kind == "hosts":
        from bench.suite import hosts_schema

        schema = hosts_schema()
    else:
        from bench.store.schema import record_schema

        schema = record_schema()
    print(json.dumps(schema, indent=2))
    return 0
