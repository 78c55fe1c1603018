"""`bench choose`: which variant is best under demands, who ties with it, what misses by how much."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.cli.screen import find_screen
from bench.errors import UsageError
from bench.wire.codec import to_json

if TYPE_CHECKING:
    from bench.analysis.choosing import Choice
    from bench.core.record import Record


def run(options: argparse.Namespace) -> int:
    """Choose; the exit code is 3 where nothing meets the demands."""
    from bench.analysis.choosing import check_words, choose
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
    _check_suites(records, str(options.results))
    for word, known in check_words(records, constraints):
        raise UsageError(f"{word.text}: no case has that {word.subject}{advise(str(word.value), known)}")
    choice = choose(records, constraints, names[options.best])
    if options.json:
        print(json.dumps(to_json(choice), indent=2))
    else:
        subjects = [one.subject for one in constraints if not one.is_word]
        print(choice_text(choice, names[options.best], subjects, _price(choice, records), find_screen()))
    return EXIT_GOOD if choice.best else EXIT_NOT_MEASURED


def _check_suites(records: Sequence[Record], path: str) -> None:
    """Refuse to choose among cases of several suites, whose data and figures have nothing in common."""
    suites = list(dict.fromkeys(record.suite for record in records))
    if len(suites) > 1:
        raise UsageError(
            f"{path}: has results of {len(suites)} suites ({', '.join(suites)}); name one of them"
        )


def _price(choice: Choice, records: Sequence[Record]) -> str:
    """Say what the chosen case brings and costs beside its fp32; empty for an fp32 itself."""
    from bench.analysis.compare import compare
    from bench.report.labels import case_labels
    from bench.report.sentences import comparison_sentence

    best = choice.best
    comparison = compare(records).get(best.case) if best else None
    if comparison is None:
        return ""
    labels = case_labels([record for record in records if record.host == (best and best.host)])
    said = comparison_sentence(comparison, labels).partition(": ")[2]
    return f"beside {labels.get(comparison.sibling, comparison.sibling)}: {said}"
