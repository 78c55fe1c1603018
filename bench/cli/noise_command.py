"""`bench noise`: learn what equal runs differ by, and say which tolerances are finer than that."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.gating.noise import CaseNoise
    from bench.gating.sides import Side


def run(options: argparse.Namespace) -> int:
    """Learn from stored runs, or try the gate on simulated ones."""
    if options.simulate:
        from bench.gating.trying import table

        print(table(options.trials))
        return EXIT_GOOD
    if not options.results:
        raise UsageError("RESULTS: expected run folders, or folders above them; or --simulate without any")
    from bench.gating.noise import learn
    from bench.gating.noise_file import write_noise
    from bench.gating.rules import make_rules
    from bench.wire.codec import to_json

    sides = _sides(options)
    found = learn(sides, make_rules(sides[-1].gate))
    if not found:
        raise UsageError(f"{sides[-1].name}: no case has two processes or more, so no noise can be learned")
    paths = write_noise(options.root, sides[-1], found)
    if options.json:
        noise = [{**to_json(one), "advice": one.advice} for one in found]
        print(json.dumps({"suite": sides[-1].suite, "noise": noise}, indent=2))
        return EXIT_GOOD
    print(_table(found), *(f"kept in {path}" for path in paths), sep="\n")
    return EXIT_GOOD


def _sides(options: argparse.Namespace) -> list[Side]:
    """Read all runs of one suite, from old to new."""
    from bench.gating.sides import read_side
    from bench.store.folder import find_runs
    from bench.store.records import RECORDS_NAME

    runs = {run for path in options.results for run in find_runs(path) if (run / RECORDS_NAME).is_file()}
    sides = [read_side(run) for run in sorted(runs, key=lambda run: run.name)]
    suites = sorted({side.suite for side in sides})
    if len(suites) != 1:
        raise UsageError(
            f"RESULTS: got runs of {', '.join(suites) or 'no suite'}, expected finished ones of one"
        )
    return sides


def _table(found: Sequence[CaseNoise]) -> str:
    rows = [("case", "metric", "runs x processes", "within", "between", "resolves", "tolerance")]
    for one in found:
        between = "-" if one.between is None else f"{one.between:.1%}"
        resolves = "nothing" if one.resolves is None else f"{one.resolves:.1%}"
        tolerance = "-" if one.tolerance is None else f"{one.tolerance:.1%}"
        runs = f"{one.num_runs} x {one.num_processes}"
        rows.append((one.case, one.metric, runs, f"{one.within:.1%}", between, resolves, tolerance))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    advice = [f"{one.case} {one.metric}: {one.advice}" for one in found if one.advice]
    told = "Relative, 95% power, at an error corrected for all comparisons; within a run and between runs."
    return "\n".join([*lines, "", told, *advice])
