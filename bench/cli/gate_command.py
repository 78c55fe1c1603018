"""`bench gate`: judge results against a stored baseline and their suite's goals, for a CI job to stop on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.verdict_output import tell
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.core.verdict import Verdict
    from bench.gating.sides import Side

DEFAULT_NAME = "main"


def run(options: argparse.Namespace) -> int:
    """Gate results; the exit code is the worst answer's."""
    from bench.gating.deciding import overall
    from bench.gating.gate import first_stage, with_pairs
    from bench.gating.sides import Side, read_side

    after = read_side(options.results)
    goals = judged_goals(after)
    if options.goals_only:
        if not goals:
            raise UsageError(
                f"{after.name}: its suite has no goals to judge; add gate: {{goals: [...]}} to it"
            )
        tell(options, Side("its goals", after.suite), after, goals)
        return overall(goals)
    before = _baseline(options, after)
    stored = first_stage(before, after, options.root, options.accept)
    verdicts = with_pairs(stored, before, after, options.accept)
    tell(options, before, after, [*goals, *verdicts])
    return overall([*goals, *verdicts])


def judged_goals(after: Side) -> list[Verdict]:
    """Hold the results against the goals of their own suite."""
    from bench.gating.candidates import read_candidates
    from bench.gating.goals import judge_goals
    from bench.suite.constraints import read_goal

    goals = [read_goal(text) for text in after.gate.get("goals", [])]
    return judge_goals(goals, read_candidates(Path(after.name), after, goals)) if goals else []


def _baseline(options: argparse.Namespace, after: Side) -> Side:
    """Return the side of a baseline's name, of its file, or of another run's folder."""
    from bench.gating.baselines import baseline_side, read_baseline, read_baselines
    from bench.gating.sides import read_side

    if options.baseline is None:
        return _main_baseline(options, after)
    given = Path(options.baseline)
    if given.is_dir():
        return read_side(given)
    if given.suffix == ".json" or given.is_file():
        return baseline_side([read_baseline(given)], after)
    return baseline_side(read_baselines(options.root, after.suite, options.baseline), after)


def _main_baseline(options: argparse.Namespace, after: Side) -> Side:
    """Return the baseline that is meant where none is named; every case is new to a suite of goals alone."""
    from bench.gating.baselines import baseline_side, find_baselines, read_baselines
    from bench.gating.sides import Side

    if after.gate.get("goals") and not find_baselines(options.root, after.suite, DEFAULT_NAME):
        print(
            f"bench: no baseline {DEFAULT_NAME!r} below {options.root}: goals are judged, regressions are "
            "not; keep one by `bench baseline set`",
            file=sys.stderr,
        )
        return Side("no baseline", after.suite)
    return baseline_side(read_baselines(options.root, after.suite, DEFAULT_NAME), after)
