"""Markdown says of every case what the page says, with the same figures, in parts that a reader opens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from fake_records import fake_record, many_records, quickstart_records

from bench.core.record import Advice, Record
from bench.report.building import build_report
from bench.report.detail.html import render_details
from bench.report.detail.listing import MOST_TOLD
from bench.report.detail.making import make_details
from bench.report.detail.model import CaseDetail, Journal
from bench.report.markdown import escape, render_markdown, summary_text

MIB = 2**20


def timed(start: int, calls: list[int], **changes: Any) -> dict[str, Any]:
    """Return the journal's line of a timed round."""
    line = {"kind": "latency", "status": "ok", "valid": True, "started": f"2026-01-01T00:{start:02}:00"}
    return {**line, "result": {"inference_ns": calls}, **changes}


def details_of(records: Sequence[Record], lines: Sequence[dict[str, Any]] = ()) -> tuple[CaseDetail, ...]:
    """Return the details of records that all have this journal."""
    return make_details(records, lambda _: Journal(lines))


def markdown_of(records: Sequence[Record], lines: Sequence[dict[str, Any]] = ()) -> str:
    """Return the report of these records in Markdown."""
    return render_markdown(replace(build_report(records), details=details_of(records, lines)), {})


def block_of(text: str, title: str) -> str:
    """Return what a reader sees who opens the part of that name."""
    return text.split(f"<summary>{title}</summary>\n\n")[1].split("\n\n</details>")[0]


def read_back(text: str) -> str:
    """Return escaped Markdown as it is shown."""
    return unescape(re.sub(r"\\([\\`*_{}\[\]<>|$~#&])", r"\1", text))


def bare(html: str) -> str:
    """Return the text of some HTML without its drawings, and without spaces, which forms set differently."""
    return re.sub(r"\s+", "", unescape(re.sub("<svg.*?</svg>|<[^>]+>", "", html, flags=re.DOTALL)))


def said_by(page: str) -> list[str]:
    """Return the rows, facts and sentences of a page as Markdown would have them."""
    rows = [re.findall("<t[hd].*?</t[hd]>", row) for row in re.findall('<tr.*?<th scope="row".*?</tr>', page)]
    cells = [[text for cell in row if (text := bare(cell))] for row in rows]
    facts = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    sentences = re.findall("<(li|p|figcaption)[^>]*>(.*?)</\\1>", page)
    return [
        *(f"|{'|'.join(row)}|" for row in cells),
        *(f"-{bare(name)}:{bare(value)}" for name, value in facts),
        *(bare(body) for _, body in sentences),
    ]


def test_every_row_fact_and_sentence_of_the_page_stands_in_markdown() -> None:
    artifact = {"weight_bytes": {"int8": 3072}, "ops": {"CONV_2D": 9}, "build_notes": ["bias in float"]}
    records = [
        fake_record("litert", "fp32"),
        fake_record("litert", "int8", artifact=artifact, hashes={"calibration": "ab" * 32}),
        fake_record("litert", "qat"),
    ]
    lines = [timed(1, [10**6]), timed(2, [3 * 10**6])]
    text = markdown_of(records, lines)
    for detail in details_of(records, lines):
        said = said_by(render_details([detail]).split("</details>", 1)[1])
        block = bare(read_back(block_of(text, detail.title)))
        assert len(said) > 25 and not [words for words in said if words not in block]


def test_stages_stand_beside_those_of_fp32_with_their_intervals_and_the_whole_below() -> None:
    block = block_of(markdown_of(quickstart_records()), "int8 on litert")
    assert "| Part | Here | fp32 |" in block
    assert "| Invoke | 0.450 | 0.746 |" in block
    assert r"| End to end | 2.75 \[2.71, 2.81\] | 3.04 |" in block
    assert block.index("| Decode") < block.index("| Postprocess") < block.index("| End to end")


def test_processes_are_counted_with_their_ends_and_the_reason_of_each_that_does_not_count() -> None:
    lost = timed(3, [9_000_000], valid=False, reason="throttled", board="pi-b")
    text = markdown_of([fake_record("litert", "int8")], [timed(1, [10**6]), timed(2, [3 * 10**6]), lost])
    block = block_of(text, "int8 on litert")
    assert "- Processes: 2 that count, 1 that do not\n" in block
    assert "- Fastest process: 1.00 ms\n- Slowest process: 3.00 ms\n" in block
    assert r"- Latency of the case: 0.441 ms \[0.434, 0.450\]" in block
    assert "- Process 3 on pi-b: median 9.00 ms" in block and "Not counted: throttled" in block


def test_of_very_many_processes_that_do_not_count_some_are_told_and_the_others_counted() -> None:
    lines = [timed(n, [5], valid=False, reason="hot") for n in range(MOST_TOLD + 7)]
    block = block_of(markdown_of([fake_record("litert", "int8")], lines), "int8 on litert")
    assert block.count("Not counted: hot") == MOST_TOLD
    assert "- 7 further processes that do not count are not listed here." in block
    assert "Fastest process" not in block


def test_the_memory_ladder_has_a_row_for_each_rung() -> None:
    sizes = {"baseline_rss_bytes": 35 * MIB, "loaded_rss_bytes": 40 * MIB, "peak_rss_bytes": 49 * MIB}
    probe = {"kind": "memory", "status": "ok", "valid": True, "result": sizes}
    block = block_of(markdown_of(quickstart_records()[:4], [probe]), "int8 on litert")
    rungs = "| Runtime alone | 35.2 | 35.2 |\n| Model loaded | 5.0 | 5.0 |\n| Running | 8.7 | 11.9 |"
    assert rungs in block and "| Peak | 48.9 | 52.1 |" in block


def test_accuracy_has_sizes_and_classes_with_what_each_lost() -> None:
    block = block_of(markdown_of(quickstart_records()), "int8 on litert")
    assert r"| All objects | 60.3 | −0.09 \[−0.38, +0.21\] |" in block
    assert "| Small objects | 39.3 | −0.09 |" in block and "| star | 49.3 | −0.09 |" in block
    alone = block_of(markdown_of([fake_record("litert", "int8")]), "int8 on litert")
    assert "**Accuracy, points**\n\n| Objects | Here |\n" in alone
    assert "There is no measured fp32 sibling to compare with." in alone


def test_warnings_come_first_with_their_advice() -> None:
    text = markdown_of([fake_record("litert", "int8", warnings=(Advice("x", "it is hot.", "cool it"),))])
    block = block_of(text, "int8 on litert")
    assert block.startswith("**What to look at**\n\n- it is hot. Cool it.\n")


@pytest.mark.parametrize(("count", "is_listed"), [(30, True), (31, False)])
def test_with_more_than_30_cases_a_sentence_says_where_the_rest_is(count: int, is_listed: bool) -> None:
    text = markdown_of(many_records(count))
    assert text.count("<details>") == (count + 1 if is_listed else 0)
    assert ("With more than 30 cases they would make this file too long" in text) is not is_listed
    assert "### Case by case" in text and len(text.encode()) < 200_000


def test_names_of_parts_show_as_they_are_though_no_markdown_is_read_there() -> None:
    name = r"a_b\[c](d) <img> & `e` |"
    assert unescape(summary_text(name)) == name and "<" not in summary_text(name)
    assert read_back(escape(name)) == name
