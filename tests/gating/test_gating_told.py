"""How verdicts are told, held against golden files: table, comment, annotations, JUnit, JSON.

`BENCH_UPDATE_GOLDEN=1` writes them again.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.core.verdict import Verdict
from bench.report.github import comment, workflow_commands
from bench.report.junit import junit_xml
from bench.report.screen import Screen
from bench.report.verdicts import markdown_table, summary, text_table
from bench.wire.codec import to_json

GOLDEN = Path(__file__).parent / "golden"
TIMED: dict[str, Any] = {
    "is_relative": True,
    "tolerance": 0.02,
    "find": 0.05,
    "method": "exact ranks, 10 pairs of processes",
}
VERDICTS = [
    Verdict("m/fp32/litert/t1@pi5", "size_bytes", "pass", "", 2e6, 2e6, 0.0, 0.0, 0.0, method="exact"),
    Verdict(
        "m/fp32/litert/t1@pi5", "latency_p50_ns", "fail", "", 1e7, 1.2e7, 0.2, 0.15, 0.25, 0.05, 1e-5, **TIMED
    ),
    Verdict(
        "m/int8/litert/t1@pi5", "latency_p50_ns", "inconclusive", "", 5e6, 5.2e6, 0.04, -0.01, 0.09, 0.05,
        0.1, **TIMED,
    ),
    Verdict(
        "m/int8/litert/t1@pi5", "map_50_95", "pass", "", 0.41, 0.408, 0.002, -0.001, 0.005, 0.05, 0.9,
        tolerance=0.005, find=0.02, method="paired over 500 images",
    ),
    Verdict("m/qat/litert/t1@pi5", "map_50_95", "missing", "failed: killed by SIGILL"),
    Verdict("m|<b>/new/litert/t1@pi5", "map_50_95", "new", "has no older figure; put it into the baseline"),
    Verdict("m/int8/ort/t1@pi5", "latency_p50_ns", "not_comparable", "cpu: A then, B now", 1e6, 2e6),
    Verdict(
        "m/int8/ort/t1@pi5", "end_to_end_p95_ns", "fail", "", None, 1.2e8, low=1.1e8, high=1.3e8,
        method="95% interval, 10 samples", goal="end_to_end_p95 <= 100 ms on pi5",
    ),
    Verdict(
        "m/int8/litert/t1@pi5", "map_50_95_difference", "inconclusive", "", None, -0.008, low=-0.012,
        high=-0.004, method="95% interval, 500 samples",
        goal="map_50_95_difference >= -1 point and precision == int8",
    ),
    Verdict("(no case)", "size_bytes", "missing", "no case fits", goal="size <= 5 MB on pi4"),
]  # fmt: skip
FORMS = {
    "table.txt": lambda: text_table(VERDICTS) + "\n",
    "table.md": lambda: markdown_table(VERDICTS) + "\n",
    "comment.md": lambda: comment("pi", VERDICTS, "baseline main"),
    "annotations.txt": lambda: workflow_commands(VERDICTS),
    "junit.xml": lambda: junit_xml("pi", VERDICTS),
    "verdicts.json": lambda: json.dumps(to_json(VERDICTS), indent=2) + "\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_verdicts_are_told_as_in_the_golden_file(name: str) -> None:
    told = FORMS[name]()
    if os.environ.get("BENCH_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(told, encoding="utf-8")
    assert told == (GOLDEN / name).read_text(encoding="utf-8")


def test_junit_counts_what_it_shows() -> None:
    root = ElementTree.fromstring(junit_xml("pi", VERDICTS))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "6", "failures": "2", "errors": "3", "skipped": "1",
    }  # fmt: skip
    assert len(root.findall("testcase/failure")) == 2 and len(root.findall("testcase/error")) == 3


def test_the_summary_counts_the_worst_first() -> None:
    assert summary(VERDICTS) == "2 fail, 2 missing, 1 not comparable, 2 inconclusive, 1 new, 2 pass"


def test_an_annotation_is_one_line_whatever_a_name_holds() -> None:
    hostile = Verdict("a\n::error::b,c:d", "map_50_95", "missing", "100% gone\r\n::set-env name=x::y")
    told = workflow_commands([hostile])
    assert told.count("\n") == 1 and told.startswith("::error title=missing%3A a")


def test_answers_are_coloured_where_the_screen_has_colours_and_lines_stay_as_long() -> None:
    plain, colored = text_table(VERDICTS), text_table(VERDICTS, Screen(is_colored=True))
    assert re.sub(r"\x1b\[\d*m", "", colored) == plain and "\x1b" not in plain
    assert "\x1b[31mfail" in colored and "\x1b[32mpass" in colored
    wide = text_table([replace(VERDICTS[0], case="\u6a21\u578b/int8"), VERDICTS[0]]).splitlines()
    assert wide[1].index("size") + 2 == wide[2].index("size"), "wide letters take two columns"
