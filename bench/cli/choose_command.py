"""`bench choose`: which variant is best under demands, who ties with it, what misses by how much."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED
from bench.cli.screen import find_screen

if TYPE_CHECKING:
    from bench.choosing import Asked


def run(options: argparse.Namespace) -> int:
    """Choose; the exit code is 3 where nothing meets the demands."""
    from bench.choosing import ask
    from bench.report.choice import choice_text
    from bench.report.figures_json import figures_json

    asked = ask(options.results, options.where, options.best)
    if options.json:
        print(figures_json(asked.choice))
    else:
        print(choice_text(asked.choice, asked.metric, asked.subjects, _price(asked), find_screen()))
    return EXIT_GOOD if asked.choice.best else EXIT_NOT_MEASURED


def _price(asked: Asked) -> str:
    """Say what the chosen case brings and costs beside its fp32; empty for an fp32 itself."""
    from bench.analysis.compare import compare
    from bench.report.labels import case_labels
    from bench.report.sentences import comparison_sentence

    best = asked.choice.best
    comparison = compare(asked.records).get(best.case) if best else None
    if best is None or comparison is None:
        return ""
    labels = case_labels([record for record in asked.records if record.host == best.host])
    said = comparison_sentence(comparison, labels).partition(": ")[2]
    return f"beside {labels.get(comparison.sibling, comparison.sibling)}: {said}"
