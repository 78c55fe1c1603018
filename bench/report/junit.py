"""Verdicts as JUnit XML: a case is a test, so that every CI system shows which one failed and why."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from bench.core.verdict import Verdict
from bench.report.texts import printable
from bench.report.verdicts import change_words, explain, metric_words, summary, word

# JUnit knows failures (the test says no), errors (it could not be run) and skips.
_ELEMENTS = {"fail": "failure", "missing": "error", "not_comparable": "error", "inconclusive": "error"}


def junit_xml(suite: str, verdicts: Sequence[Verdict]) -> str:
    """Return one `testsuite` with a `testcase` a case; its worst answer decides what it shows."""
    by_case: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_case.setdefault(verdict.case, []).append(verdict)
    root = ElementTree.Element("testsuite", name=printable(suite), tests=str(len(by_case)))
    kinds = [_add_case(root, suite, case, found) for case, found in by_case.items()]
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        root.set(name, str(kinds.count(kind)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(root: ElementTree.Element, suite: str, case: str, verdicts: Sequence[Verdict]) -> str:
    """Add one test and return the kind of its outcome; empty where it passed."""
    element = ElementTree.SubElement(root, "testcase", classname=printable(suite), name=printable(case))
    told = [verdict for verdict in verdicts if verdict.answer in _ELEMENTS]
    kinds = {_ELEMENTS[verdict.answer] for verdict in told}
    kind = next((name for name in ("failure", "error") if name in kinds), "")
    if told:
        outcome = ElementTree.SubElement(element, kind, message=summary(verdicts))
        outcome.text = "\n".join(map(_line, told))
    elif all(verdict.answer == "new" for verdict in verdicts):
        kind = "skipped"
        ElementTree.SubElement(element, kind, message=explain(verdicts[0]))
    ElementTree.SubElement(element, "system-out").text = "\n".join(map(_line, verdicts))
    return kind


def _line(verdict: Verdict) -> str:
    name = metric_words(verdict)
    return f"{word(verdict.answer)}: {name}{change_words(verdict)}: {explain(verdict)}"
