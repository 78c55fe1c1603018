"""`bench compare`: judge new results against old ones, case by case and metric by metric."""

from __future__ import annotations

import argparse
import json

from bench.wire.codec import to_json


def run(options: argparse.Namespace) -> int:
    """Compare two results; the exit code is the worst answer's."""
    from bench.gating.deciding import Options, decide, overall
    from bench.gating.rules import make_rules
    from bench.gating.sides import read_side
    from bench.report.verdicts import markdown_table, summary, text_table

    before, after = read_side(options.before), read_side(options.after)
    verdicts = decide(before, after, make_rules(after.gate), Options(accepted=tuple(options.accept)))
    if options.format == "json":
        print(
            json.dumps({"before": before.name, "after": after.name, "verdicts": to_json(verdicts)}, indent=2)
        )
    else:
        table = markdown_table if options.format == "markdown" else text_table
        print(f"{table(verdicts)}\n\n{summary(verdicts)}")
    return overall(verdicts)
