"""Details of single cases: what journals and records tell, worked by hand, and how the page shows it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fake_records import (
    case_id,
    fake_record,
    hostile_records,
    many_records,
    quickstart_records,
    unavailable_record,
)

from bench.core.metric import make_metric
from bench.core.record import Advice, Record
from bench.report.detail.html import render_details
from bench.report.detail.making import make_details
from bench.report.detail.markdown import details_table
from bench.report.detail.model import CaseDetail, Journal

MIB = 2**20


def timed(start: int, calls: list[int], **changes: Any) -> dict[str, Any]:
    """Return the journal's line of a timed round."""
    line = {"kind": "latency", "status": "ok", "valid": True, "started": f"2026-01-01T00:{start:02}:00"}
    return {**line, "result": {"inference_ns": calls}, **changes}


def probe(baseline: int, loaded: int | None, peak: int) -> dict[str, Any]:
    """Return the journal's line of a memory probe, sizes in MiB."""
    result = {"baseline_rss_bytes": baseline * MIB, "peak_rss_bytes": peak * MIB}
    if loaded is not None:
        result["loaded_rss_bytes"] = loaded * MIB
    return {"kind": "memory", "status": "ok", "valid": True, "result": result}


def with_values(record: Record, **values: float) -> Record:
    """Return the record with these metrics replaced or added."""
    made = tuple(make_metric(name, value) for name, value in values.items())
    return replace(record, metrics=(*(m for m in record.metrics if m.name not in values), *made))


def detail_of(lines: list[dict[str, Any]], record: Record | None = None, *others: Record) -> CaseDetail:
    """Return the details of one record that has this journal."""
    record = record or fake_record("litert", "int8")
    made = make_details([record, *others], lambda case: Journal(lines if case == record.case else ()))
    return next(one for one in made if one.keys.case == record.case)


def test_each_process_is_a_mark_with_its_median_and_quartiles_in_the_order_of_starts() -> None:
    calls = [900_000, 1_000_000, 1_100_000, 1_300_000]
    strip = detail_of([timed(2, [2_000_000]), timed(1, calls)]).strip
    assert strip is not None
    assert [mark.median_ns for mark in strip.marks] == [1_050_000, 2_000_000]
    assert strip.marks[0].quartiles_ns == pytest.approx(tuple(np.quantile(calls, (0.25, 0.75))))
    assert "Process 1: median 1.05 ms" in strip.marks[0].tip and "4 calls" in strip.marks[0].tip


def test_a_round_that_does_not_count_is_marked_with_its_reason_and_pairs_are_no_rounds() -> None:
    lost = timed(1, [5], valid=False, reason="throttled", board="pi-b")
    strip = detail_of(
        [lost, timed(2, [7]), {**timed(3, [9]), "kind": "pair"}, timed(4, [], status="failed")]
    ).strip
    assert strip is not None and [mark.is_valid for mark in strip.marks] == [False, True]
    assert strip.marks[0].tip.endswith("Not counted: throttled") and "on pi-b" in strip.marks[0].tip
    assert "1 crossed out" in strip.caption
    page = render_details([detail_of([lost, timed(2, [7])])])
    assert page.count('class="off"') == 1 and page.count("<circle") == 1


def test_rounds_of_a_setup_that_was_changed_since_are_left_out() -> None:
    lines = [
        timed(1, [5], setup="old"),
        timed(2, [7], setup="new"),
        timed(3, [9], setup="old", status="failed"),
    ]
    strip = detail_of(lines).strip
    assert strip is not None and [mark.median_ns for mark in strip.marks] == [7]


def test_of_very_many_rounds_some_are_drawn_and_every_invalid_one() -> None:
    lines = [timed(0, [100 + n], started=f"{n:05}", valid=n != 1, reason="hot") for n in range(500)]
    strip = detail_of(lines).strip
    assert strip is not None and len(strip.marks) < 70 and "of 500 processes are drawn" in strip.caption
    assert sum(not mark.is_valid for mark in strip.marks) == 1
    assert len(strip.medians_ns) == 499 and max(strip.medians_ns) == 599, "ends are of all, drawn or not"


def test_the_parts_of_the_time_stand_beside_those_of_fp32() -> None:
    stages = {"decode_p50_ns": 1e6, "preprocess_p50_ns": 2e6, "invoke_p50_ns": 3e6, "postprocess_p50_ns": 4e6}
    base = with_values(fake_record("litert", "fp32"), **{name: 2 * value for name, value in stages.items()})
    detail = detail_of([], with_values(fake_record("litert", "int8"), **stages), base)
    assert detail.stages is not None
    assert [cell.value for cell in detail.stages.bars[0].cells] == [1e6, 2e6, 3e6, 4e6]
    assert [cell.value for cell in detail.stages.bars[1].cells] == [2e6, 4e6, 6e6, 8e6]
    first = render_details([detail]).split("<svg")[1].split("</svg>")[0]
    widths = [float(width) for width in re.findall(r'width="([\d.]+)"', first)]
    # fp32's 20 ms fill the 320 pixels; a gap of one pixel divides the parts.
    assert widths == [15, 31, 47, 63, 31, 63, 95, 127]


def test_the_memory_ladder_shows_what_loading_added_where_the_probes_tell() -> None:
    record = with_values(
        fake_record("litert", "int8"),
        baseline_rss_bytes=50.0 * MIB, model_rss_bytes=12.0 * MIB, peak_rss_bytes=62.0 * MIB,
    )  # fmt: skip
    told = detail_of([probe(50, 58, 62), probe(50, 60, 62), probe(50, 57, 62)], record).memory
    assert told is not None and told.parts == ("Runtime alone", "Model loaded", "Running")
    assert [cell.value for cell in told.bars[0].cells] == [50 * MIB, 8 * MIB, 4 * MIB]
    plain = detail_of([probe(50, None, 62)], record).memory
    assert plain is not None and plain.parts == ("Runtime alone", "Model's share")
    assert [cell.text for cell in plain.bars[0].cells] == ["50.0", "12.0"]


def test_classes_that_lost_most_come_first_and_sizes_above_them() -> None:
    base = with_values(
        fake_record("litert", "fp32", per_class={"a": 0.5, "b": 0.6, "c": None}), map_small=0.3
    )
    changed = fake_record("litert", "int8", per_class={"a": 0.51, "b": 0.55, "c": None})
    accuracy = detail_of([], with_values(changed, map_small=0.25, map_large=-1.0), base).accuracy
    assert accuracy is not None and accuracy.has_base
    rows = {change.name: change.difference for change in accuracy.changes}
    assert list(rows)[0] == "All objects" and list(rows)[-2:] == ["b", "a"]
    assert rows["All objects"].detail == "[−0.38, +0.21]" and rows["Small objects"].text == "−5.00"
    assert rows["b"].value == pytest.approx(-0.05) and not rows["b"].detail and not rows["b"].tone
    assert rows["Large objects"].value is None


def test_of_many_classes_fp32_lists_the_weakest_and_says_so() -> None:
    accuracy = detail_of(
        [], fake_record("litert", "fp32", per_class={f"c{n}": 1 - n / 80 for n in range(80)})
    ).accuracy
    assert accuracy is not None and accuracy.changes[-12].name == "c79"
    assert accuracy.caption == "68 of 80 classes, which have a higher AP, are left out here."


def test_what_ran_tells_weights_operators_and_what_the_delegate_took() -> None:
    artifact = {"weight_bytes": {"int8": 3072, "float32": 1024}, "ops": {"ADD": 1, "CONV_2D": 9}}
    proof = {
        "runtime_version": "2.3.0",
        "threads": 1,
        "num_ops": 10,
        "num_delegated": 9,
        "delegate": "xnnpack",
    }
    detail = detail_of([], fake_record("litert", "int8", artifact=artifact, proof=proof))
    ran = dict(dict(detail.facts)["What ran"])
    assert ran["Weights"] == "int8 3 KiB (75%), float32 1 KiB (25%)"
    assert ran["Operators in the file"] == "CONV_2D 9, ADD 1"
    assert ran["Operators taken"] == "9 of 10 delegated (90%)" and ran["Delegate or provider"] == "xnnpack"


def test_throttling_is_read_from_the_bits_of_now_not_of_since_boot() -> None:
    since_boot, now = {"throttled": 0x50000}, {"throttled": 0x4}
    told = dict(
        dict(detail_of([timed(1, [5], before=since_boot, after=now)]).facts)["Conditions while it was timed"]
    )
    assert told["Throttling"] == "seen at 1 of 2 looks"
    calm = dict(dict(detail_of([timed(1, [5], before=since_boot)]).facts)["Conditions while it was timed"])
    assert calm["Throttling"] == "none at 1 look"


def test_without_a_run_folder_a_sentence_says_what_is_left_out() -> None:
    details = make_details(quickstart_records())
    assert len(details) == 10 and all(detail.strip is None and detail.accuracy for detail in details)
    assert "the run folder is not at hand" in details[0].absent[0]
    alone = make_details([fake_record("litert", "int8")])[0]
    assert "There is no measured fp32 sibling to compare with." in alone.absent
    broken = make_details([fake_record("litert", "int8")], lambda _: Journal(trouble="its journal is torn"))
    assert "its journal is torn" in broken[0].absent[0]


def test_a_case_that_could_not_be_made_has_no_details_and_an_invalid_one_shows_its_rounds() -> None:
    invalid = fake_record("litert", "int8", status="invalid", metrics=(), per_class={}, rounds_valid=0)
    journal = Journal([timed(1, [5], valid=False, reason="hot")])
    details = make_details([unavailable_record(), invalid], lambda _: journal)
    assert [detail.title for detail in details] == ["int8 on litert (invalid)"]
    assert "<svg" in render_details(details)


def test_warnings_stand_with_their_advice() -> None:
    record = fake_record("litert", "int8", warnings=(Advice("x", "it is hot.", "cool it"),))
    assert "<li>it is hot. <em>Cool it.</em></li>" in render_details(make_details([record]))


def test_hostile_texts_stay_texts() -> None:
    line = timed(1, [5], board="<script>", valid=False, reason="<img src=x onerror=alert(1)>")
    page = render_details(make_details(hostile_records(), lambda _: Journal([line])))
    assert "<script" not in page and "<img" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "junk",
    [None, "x", [], {"inference_ns": "x"}, {"inference_ns": [None, "x", -1, float("nan"), float("inf")]}],
)
def test_a_line_without_calls_is_no_mark(junk: Any) -> None:
    assert detail_of([{**timed(1, []), "result": junk}]).strip is None


def test_with_very_many_cases_each_lists_the_classes_that_lost_most_and_says_so() -> None:
    accuracy = make_details(many_records(60))[1].accuracy
    assert accuracy is not None and accuracy.caption == "3 of 8 classes, which lost less, are left out here."


def test_details_are_small() -> None:
    lines = [timed(n, list(range(10**6, 10**6 + 200))) for n in range(10)]
    details = make_details(quickstart_records(), lambda _: Journal(lines))
    assert len(render_details(details)) < 12_000 * len(details)


def test_markdown_tells_stages_ends_and_what_lost_most() -> None:
    table = details_table([detail_of([timed(1, [1_000_000]), timed(2, [3_000_000])])])
    assert table is not None
    assert [cell.text for cell in table.rows[0].cells][5:7] == ["1.00", "3.00"]
    assert details_table([]) is None and "open it by its name" in table.caption
    assert case_id("int8", "litert") == make_details([fake_record("litert", "int8")])[0].keys.case
