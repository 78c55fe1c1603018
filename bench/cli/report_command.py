"""`bench report`: render stored results again, without measuring."""

from __future__ import annotations

import argparse

from bench.cli import EXIT_GOOD


def run(options: argparse.Namespace) -> int:
    """Render every run found at the given paths."""
    from bench.report import render_all
    from bench.store.folder import find_runs, read_run_info
    from bench.store.records import read_records

    runs = [run for path in options.results for run in find_runs(path)]
    for folder in runs:
        target = folder if options.output is None else options.output
        if options.output is not None and len(runs) > 1:
            target = options.output / folder.parent.name / folder.name
        target.mkdir(parents=True, exist_ok=True)
        for path in render_all(read_records(folder), target, read_run_info(folder)):
            print(path)
    return EXIT_GOOD
