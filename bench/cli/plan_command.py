"""`bench plan`: show the cases, what is cached and how long a run would take."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from bench.cli import EXIT_GOOD
from bench.cli.overrides import load
from bench.running.planning import HostPlan, Plan, PlanRow, plan_suite


def run(options: argparse.Namespace) -> int:
    """Print the plan as tables, or its cases as JSON."""
    suite, _ = load(options)
    plan = plan_suite(suite, options.results)
    if options.json:
        print(json.dumps([_as_json(row) for row in plan.rows], indent=2))
        return EXIT_GOOD
    print(_table(plan.rows))
    print(f"\n{_hosts_table(plan)}")
    print(f"\n{_summary(plan)}")
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


def _hosts_table(plan: Plan) -> str:
    """Show what each host has to do; they work at the same time."""
    width = max([4, *(len(host.settings.name) for host in plan.hosts)])
    lines = [f"{'host':<{width}}  boards  cases  threads  budget     time  to send at most"]
    for host in plan.hosts:
        boards = str(len(host.settings.boards) or 1)
        threads = ", ".join(map(str, host.threads)) or "-"
        budget = _minutes(host.budget_seconds, False) if host.budget_seconds else "none"
        lines.append(
            f"{host.settings.name:<{width}}  {boards:>6}  {host.num_cases:>5}  {threads:>7}  {budget:>6}  "
            f"{_minutes(host.seconds, False):>7}  {_sent(host, plan)}"
        )
    return "\n".join(lines)


def _sent(host: HostPlan, plan: Plan) -> str:
    """Say what would go to a host that has nothing yet; which of it is there, only the host knows."""
    if host.model_bytes is None:
        return "nothing: it has all files"
    rows = [row for row in plan.rows if row.case.host == host.settings.name and not row.case.unavailable]
    rest = "" if all(row.is_cached for row in rows) else " and what is to be built"
    photos = f"{plan.photo_bytes / 1e6:.1f} MB of photos" if plan.photo_bytes is not None else "the photos"
    return f"{photos}, {host.model_bytes / 1e6:.1f} MB of models{rest}"


def _summary(plan: Plan) -> str:
    able = [row for row in plan.rows if not row.case.unavailable]
    is_guess = any(row.is_guess for row in able)
    basis = "guessed for a small detector" if is_guess else "from the last run of this suite"
    num_unable = len(plan.rows) - len(able)
    unavailable = f", {num_unable} not available" if num_unable else ""
    at_once = ", hosts at the same time" if len(plan.hosts) > 1 else ""
    num_cached = sum(row.is_cached for row in able)
    return (
        f"{len(able)} cases to measure ({num_cached} with a cached file){unavailable}: "
        f"{_minutes(plan.seconds, is_guess)}{at_once}, {basis}"
    )


def _minutes(seconds: float, is_guess: bool) -> str:
    whole = round(seconds)
    return f"{'about ' if is_guess else ''}{whole // 60}:{whole % 60:02d}"
