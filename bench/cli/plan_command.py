"""`bench plan`: show the cases, what is cached and how long a run would take."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from bench.cli import EXIT_GOOD
from bench.cli.overrides import load
from bench.running.planning import PlanRow, plan_suite


def run(options: argparse.Namespace) -> int:
    """Print the plan as a table, or as JSON."""
    suite, _ = load(options)
    rows = plan_suite(suite, options.results)
    if options.json:
        print(json.dumps([_as_json(row) for row in rows], indent=2))
        return EXIT_GOOD
    print(_table(rows))
    print(f"\n{_summary(rows)}")
    return EXIT_GOOD


def _as_json(row: PlanRow) -> dict[str, object]:
    return {
        "case": row.case.id,
        "model": row.case.model,
        "precision": row.case.precision,
        "runtime": row.case.runtime.name,
        "threads": row.case.runtime.threads,
        "host": row.case.host,
        "sibling": row.case.sibling,
        "unavailable": row.case.unavailable,
        "is_cached": row.is_cached,
        "seconds": round(row.seconds, 1),
        "is_guess": row.is_guess,
    }


def _table(rows: Sequence[PlanRow]) -> str:
    width = max((len(row.case.id) for row in rows), default=4)
    lines = [f"{'case':<{width}}  artifact  time"]
    for row in rows:
        if row.case.unavailable:
            lines.append(f"{row.case.id:<{width}}  not available: {row.case.unavailable}")
        else:
            state = "cached" if row.is_cached else "to build"
            lines.append(f"{row.case.id:<{width}}  {state:<8}  {_minutes(row.seconds, row.is_guess)}")
    return "\n".join(lines)


def _summary(rows: Sequence[PlanRow]) -> str:
    able = [row for row in rows if not row.case.unavailable]
    total = _minutes(sum(row.seconds for row in able), any(row.is_guess for row in able))
    basis = (
        "guessed for a small detector"
        if any(row.is_guess for row in able)
        else "from the last run of this suite"
    )
    unavailable = f", {len(rows) - len(able)} not available" if len(able) < len(rows) else ""
    num_cached = sum(row.is_cached for row in able)
    return f"{len(able)} cases to measure ({num_cached} with a cached file){unavailable}: {total}, {basis}"


def _minutes(seconds: float, is_guess: bool) -> str:
    whole = round(seconds)
    return f"{'about ' if is_guess else ''}{whole // 60}:{whole % 60:02d}"
