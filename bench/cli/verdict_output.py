"""Prints verdicts in the form that was asked for, and leaves files that CI systems read."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence

from bench.core.verdict import Verdict
from bench.wire.codec import to_json


def tell(options: argparse.Namespace, suite: str, before: str, verdicts: Sequence[Verdict]) -> None:
    """Print verdicts and write the files asked for."""
    from bench.report.github import comment, workflow_commands
    from bench.report.junit import junit_xml
    from bench.report.verdicts import markdown_table, summary, text_table

    if options.junit:
        options.junit.write_text(junit_xml(suite, verdicts), encoding="utf-8")
    if options.comment:
        options.comment.write_text(comment(suite, verdicts, before), encoding="utf-8")
    if options.format == "json":
        print(json.dumps({"suite": suite, "before": before, "verdicts": to_json(verdicts)}, indent=2))
        return
    if options.format == "github":
        print(workflow_commands(verdicts), end="")
        if os.environ.get("GITHUB_STEP_SUMMARY"):
            with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as file:
                file.write(comment(suite, verdicts, before))
    table = markdown_table if options.format == "markdown" else text_table
    print(f"{table(verdicts)}\n\n{summary(verdicts)}")
