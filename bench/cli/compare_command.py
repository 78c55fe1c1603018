"""`bench compare`: judge new results against old ones, case by case and metric by metric."""

from __future__ import annotations

import argparse

from bench.cli.verdict_output import tell


def run(options: argparse.Namespace) -> int:
    """Compare two results; the exit code is the worst answer's."""
    from bench.gating.cached import IntervalCache
    from bench.gating.deciding import Options, decide, overall
    from bench.gating.gate import with_pairs
    from bench.gating.rules import make_rules
    from bench.gating.sides import read_side

    before, after = read_side(options.before), read_side(options.after)
    with IntervalCache() as changes:
        how = Options(accepted=tuple(options.accept), changes=changes)
        verdicts = decide(before, after, make_rules(after.gate), how)
    verdicts = with_pairs(verdicts, before, after)
    tell(options, before, after, verdicts)
    return overall(verdicts)
