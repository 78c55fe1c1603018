"""Prints verdicts in the form that was asked for, and leaves files that CI systems read."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bench.core.verdict import Verdict

if TYPE_CHECKING:
    from bench.gating.sides import Side
    from bench.report.comparison.model import Compared


def tell(options: argparse.Namespace, before: Side, after: Side, verdicts: Sequence[Verdict]) -> None:
    """Print verdicts and write the files asked for."""
    if options.output:
        _write_page(options, before, after, verdicts)
    _tell(options, after.suite, before.name, verdicts)


def _tell(options: argparse.Namespace, suite: str, before: str, verdicts: Sequence[Verdict]) -> None:
    from bench.cli.screen import find_screen, say
    from bench.report.figures_json import figures_json
    from bench.report.github import comment, workflow_commands
    from bench.report.verdicts import markdown_table, summary, text_table

    write_files(options, suite, before, verdicts)
    if options.format == "json":
        say(figures_json({"suite": suite, "before": before, "verdicts": list(verdicts)}))
        return
    if options.format == "github":
        say(workflow_commands(verdicts), end="")
        if os.environ.get("GITHUB_STEP_SUMMARY"):
            with open(os.environ["GITHUB_STEP_SUMMARY"], "a", encoding="utf-8") as file:
                file.write(comment(suite, verdicts, before))
    is_markdown = options.format == "markdown"
    table = markdown_table(verdicts) if is_markdown else text_table(verdicts, find_screen())
    say(f"{table}\n\n{summary(verdicts)}")


def write_files(options: argparse.Namespace, suite: str, before: str, verdicts: Sequence[Verdict]) -> None:
    """Write the files that CI systems read, of those that were asked for."""
    from bench.report.github import comment
    from bench.report.junit import junit_xml

    if options.junit:
        options.junit.write_text(junit_xml(suite, verdicts), encoding="utf-8")
    if options.comment:
        options.comment.write_text(comment(suite, verdicts, before), encoding="utf-8")


def _write_page(options: argparse.Namespace, before: Side, after: Side, verdicts: Sequence[Verdict]) -> None:
    from bench.report.comparison.model import Comparison
    from bench.report.comparison.writing import write_comparison

    comparison = Comparison(after.suite, compared(before), compared(after), tuple(verdicts))
    print(f"bench: wrote {write_comparison(comparison, options.output)[0]}", file=sys.stderr)


def compared(side: Side) -> Compared:
    """Say where a side comes from: run, commit, machines."""
    from bench.report.comparison.model import Compared

    git = side.source.get("git") or {}
    commit = str(git.get("commit") or "")[:10] + (" with uncommitted changes" if git.get("is_dirty") else "")
    machines = (case.setting.get("board") or case.setting.get("cpu") for case in side.cases.values())
    kernels = (case.setting.get("kernel") for case in side.cases.values())
    told = {
        "Run": str(side.source.get("run") or ""),
        "Commit": commit,
        "Cases": str(len(side.cases) or ""),
        "Machine": _listed(machines),
        "Kernel": _listed(kernels),
    }
    return Compared(side.name, tuple((name, value) for name, value in told.items() if value))


def _listed(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value))
