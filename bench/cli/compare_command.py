"""`bench compare`: judge new results against old ones, case by case and metric by metric."""

from __future__ import annotations

import argparse

from bench.cli.verdict_output import tell


def run(options: argparse.Namespace) -> int:
    """Compare two results; the exit code is the worst answer's."""
    from bench.gating.deciding import overall
    from bench.gating.gate import compare
    from bench.gating.sides import read_side

    before, after = read_side(options.before), read_side(options.after)
    verdicts = compare(before, after, options.accept)
    tell(options, before, after, verdicts)
    return overall(verdicts)
