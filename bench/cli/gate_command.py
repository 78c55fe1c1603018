"""`bench gate`: judge results against a stored baseline, for a CI job to stop on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli.verdict_output import tell

if TYPE_CHECKING:
    from bench.gating.sides import Side


def run(options: argparse.Namespace) -> int:
    """Gate results; the exit code is the worst answer's."""
    from bench.gating.deciding import Options, decide, overall
    from bench.gating.rules import make_rules
    from bench.gating.sides import read_side

    after = read_side(options.results)
    before = _baseline(options, after)
    accepted = tuple(options.accept)
    verdicts = decide(before, after, make_rules(after.gate), Options(accepted, needs_confirmation=True))
    tell(options, after.suite, before.name, verdicts)
    return overall(verdicts)


def _baseline(options: argparse.Namespace, after: Side) -> Side:
    """Return the side of a baseline's name, of its file, or of another run's folder."""
    from bench.gating.baselines import baseline_side, read_baseline, read_baselines
    from bench.gating.sides import read_side

    given = Path(options.baseline)
    if given.is_dir():
        return read_side(given)
    if given.suffix == ".json" or given.is_file():
        return baseline_side([read_baseline(given)], after)
    return baseline_side(read_baselines(options.root, after.suite, options.baseline), after)
