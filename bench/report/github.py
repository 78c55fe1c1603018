"""Verdicts for GitHub: annotations that stand beside the change, a job summary, the body of a comment."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.verdict import Answer, Verdict
from bench.report.markdown import escape, summary_text
from bench.report.texts import printable
from bench.report.verdicts import change_words, explain, markdown_table, metric_words, summary, word

_LEVELS: dict[Answer, str] = {
    "fail": "error",
    "missing": "error",
    "not_comparable": "warning",
    "inconclusive": "warning",
    "new": "notice",
}
# By this a bot finds its own earlier comment, to change it instead of adding another.
MARKER = "<!-- bench gate: {suite} -->"


def workflow_commands(verdicts: Sequence[Verdict]) -> str:
    """Return workflow commands, one a verdict that is no pass (GitHub: workflow commands for Actions)."""
    return "".join(f"{_command(verdict)}\n" for verdict in verdicts if verdict.answer in _LEVELS)


def comment(suite: str, verdicts: Sequence[Verdict], before: str) -> str:
    """Return the Markdown of a comment or of a job summary: the answer first, the table behind it."""
    told = [verdict for verdict in verdicts if verdict.answer != "pass"]
    marker = MARKER.format(suite=_within_comment(suite))
    lines = [marker, f"### {escape(suite)}: {summary(verdicts)}", ""]
    if told:
        lines += [markdown_table(told), ""]
    title = f"all {len(verdicts)} comparisons with {summary_text(before)}"
    lines += ["<details>", f"<summary>{title}</summary>", "", markdown_table(verdicts), "", "</details>"]
    return "\n".join(lines) + "\n"


def _within_comment(text: str) -> str:
    """Keep a name from ending the comment that it stands in."""
    return printable(text).replace("--", "- -").replace("<", "(").replace(">", ")")


def _command(verdict: Verdict) -> str:
    title = f"{word(verdict.answer)}: {printable(verdict.case)}"
    name = metric_words(verdict)
    text = f"{name}{change_words(verdict)}: {explain(verdict)}"
    return f"::{_LEVELS[verdict.answer]} title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
