"""Writes a comparison into a folder: the page, the same as Markdown, and all figures as JSON."""

from __future__ import annotations

from pathlib import Path

from bench.errors import StoreError
from bench.report.comparison.model import Comparison
from bench.report.comparison.page import render_comparison
from bench.report.comparison.words import headline
from bench.report.figures_json import figures_json
from bench.report.markdown import escape
from bench.report.texts import printable
from bench.report.verdicts import markdown_table, summary


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write `comparison.html`, `comparison.md` and `comparison.json`; returns their paths, the page first.

    Raises:
        StoreError: the folder cannot be written.
    """
    texts = {
        "comparison.html": render_comparison(comparison),
        "comparison.md": comparison_markdown(comparison),
        "comparison.json": _figures(comparison),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot write the comparison ({error.strerror}); name a folder that can be written "
            "with --output"
        ) from error
    return [folder / name for name in texts]


def comparison_markdown(comparison: Comparison) -> str:
    """Return the comparison as Markdown: the answer, what did not pass, then all of it."""
    title = f"{printable(comparison.suite)}: {headline(comparison.verdicts)}"
    sides = f"{printable(comparison.after.name)} against {printable(comparison.before.name)}"
    told = [verdict for verdict in comparison.verdicts if verdict.answer != "pass"]
    blocks = [f"# {escape(title)}", f"{escape(sides)}: {escape(summary(comparison.verdicts))}."]
    blocks += ["## What did not pass", markdown_table(told)] if told else []
    blocks += ["## All comparisons", markdown_table(comparison.verdicts)]
    return "\n\n".join(blocks) + "\n"


def _figures(comparison: Comparison) -> str:
    names = {"suite": comparison.suite, "before": comparison.before.name, "after": comparison.after.name}
    return figures_json({**names, "verdicts": comparison.verdicts}) + "\n"
