"""`bench choose`: which variant is best under demands, who ties with it, what misses by how much."""

from __future__ import annotations

import argparse
import json

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.errors import UsageError
from bench.wire.codec import to_json


def run(options: argparse.Namespace) -> int:
    """Choose; the exit code is 3 where nothing meets the demands."""
    from bench.analysis.choosing import choose
    from bench.report.choice import choice_text
    from bench.store.records import read_records
    from bench.suite.constraints import read_constraints
    from bench.suite.gate import metric_names
    from bench.suite.spelling import advise

    names = metric_names()
    if options.best not in names:
        raise UsageError(f"--best {options.best}: unknown metric{advise(options.best, list(names))}")
    constraints = read_constraints(options.where)
    records = read_records(options.results, newest_only=True)
    choice = choose(records, constraints, names[options.best])
    if options.json:
        print(json.dumps(to_json(choice), indent=2))
    else:
        print(choice_text(choice, names[options.best], [c.subject for c in constraints if not c.is_word]))
    return EXIT_GOOD if choice.best else EXIT_NOT_MEASURED
