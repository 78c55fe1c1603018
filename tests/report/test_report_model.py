"""What a report says: answers, tables, sentences, units."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pytest
from fake_records import (
    case_id,
    failed_record,
    fake_record,
    many_records,
    quickstart_records,
    unavailable_record,
    with_metric,
)

from bench.core.metric import make_metric
from bench.core.record import Record
from bench.report.building import build_report
from bench.report.model import ReportModel
from bench.report.table import Table
from bench.report.units import kibibytes, milliseconds, number, point_difference, ratio


def texts(table: Table, title: str) -> list[str]:
    column = [c.title for c in table.columns].index(title)
    return [row.cells[column].text for row in table.rows]


def trade_off(records: list[Record]) -> Table:
    return build_report(records).sections[0].tables[0]


def everything(report: ReportModel) -> str:
    return str(report)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (milliseconds(441_234), "0.441"),
        (milliseconds(12_345_678), "12.3"),
        (milliseconds(1_234_567_890), "1235"),
        (milliseconds(0), "0"),
        (kibibytes(1024 * 1234), "1,234"),
        (point_difference(-0.0009), "−0.09"),
        (point_difference(0.002), "+0.20"),
        (point_difference(-0.00001), "0.00"),
        (number(-0.04, 1, signed=True), "0.0"),
        (ratio(0.5987), "0.60"),
        (ratio(123.4), "123"),
    ],
)
def test_quantities_are_written_in_peoples_units(shown: str, expected: str) -> None:
    assert shown == expected


def test_the_answer_comes_first_and_says_what_it_costs() -> None:
    answer = build_report(quickstart_records()).sections[0].answer
    assert answer.headline == "Ship int8 on litert"
    assert answer.cost == (
        "Against fp32 on litert: 1.66× faster [1.61, 1.71], 2.37× smaller file, peak memory 6% lower, "
        "−0.09 [−0.38, +0.21] points mAP: no difference seen."
    )
    assert "A tie in speed with qat on litert" in answer.details[0]
    assert "at most 1 point of mAP with their whole 95% interval" in answer.rule


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (
            500_000,
            "The fastest fp32 is fp32 on onnxruntime: 0.500 ms and 71.3 MiB at the peak against "
            "0.441 ms and 48.9 MiB at the peak for int8 on litert.",
        ),
        (
            731_000,
            "The fastest fp32 is fp32 on onnxruntime: 0.731 ms and 71.3 MiB at the peak against "
            "0.441 ms and 48.9 MiB at the peak for int8 on litert.",
        ),
        (732_000, ""),
    ],
)
def test_an_fp32_of_another_runtime_that_is_no_slower_is_named(ns: float, said: str) -> None:
    other = with_metric(fake_record("onnxruntime", "fp32"), make_metric("latency_p50_ns", ns))
    records = [fake_record("litert", "fp32"), fake_record("litert", "int8"), other]
    cost = build_report(records).sections[0].answer.cost
    assert cost.endswith(said) and ("The fastest fp32" in cost) == bool(said)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (1.005, ""),
        (0.98, "peak memory 2% lower"),
        (0.8, "peak memory 20% lower"),
        (1.5, "peak memory 50% higher"),
    ],
)
def test_peak_memory_is_said_where_it_differs(share: float, said: str) -> None:
    base, int8 = fake_record("litert", "fp32"), fake_record("litert", "int8")
    peak = (base.value("peak_rss_bytes") or 0.0) * share
    int8 = with_metric(int8, make_metric("peak_rss_bytes", peak, count=3))
    cost = build_report([base, int8]).sections[0].answer.cost
    assert said in cost and ("peak memory" in cost) == bool(said)


def test_every_variant_stands_below_its_fp32() -> None:
    table = trade_off(list(reversed(quickstart_records())))
    runtimes, precisions = texts(table, "Runtime"), texts(table, "Precision")
    assert runtimes == ["onnxruntime"] * 5 + ["litert"] * 5
    assert precisions[0] == precisions[5] == "fp32"


def test_an_interval_of_less_confidence_says_so_beside_it() -> None:
    weak = make_metric("latency_p50_ns", 4e5, low=3.9e5, high=4.1e5, level=0.5, count=2)
    table = trade_off([with_metric(r, weak) for r in quickstart_records()])
    column = [c.title for c in table.columns].index("Inference p50")
    assert table.rows[0].cells[column].detail == "[0.390, 0.410] at 50%"
    assert table.caption.startswith("95% intervals, or the lower level beside them, in brackets.")


def test_headers_name_the_clock_and_where_suppression_runs() -> None:
    outside = trade_off(quickstart_records())
    assert [c.detail for c in outside.columns if c.title == "Inference p50"] == ["ms, NMS outside the graph"]
    inside = trade_off([replace(r, nms_in_graph=True) for r in quickstart_records()])
    assert [c.detail for c in inside.columns if c.title == "Inference p50"] == ["ms, NMS inside the graph"]
    unknown = trade_off([replace(r, nms_in_graph=None) for r in quickstart_records()])
    assert [c.detail for c in unknown.columns if c.title == "Inference p50"] == [
        "ms, NMS placement not recorded"
    ]
    mixed = trade_off([replace(r, nms_in_graph=r.precision == "int8") for r in quickstart_records()])
    assert texts(mixed, "NMS")[:4] == ["outside", "outside", "outside", "inside"]


def test_processor_time_says_that_it_is_a_mean_with_the_inputs_handed_over() -> None:
    tables = build_report(quickstart_records()).sections[0].tables
    found = [c.detail for table in tables for c in table.columns if c.title == "CPU per call"]
    assert found == ["mean, ms, inputs' copy included"]


def test_difference_columns_stand_only_where_there_is_a_sibling() -> None:
    lonely = trade_off([fake_record("litert", "int8", sibling="")])
    assert not {"mAP difference", "Inference ratio", "File ratio"} & {c.title for c in lonely.columns}
    assert "mAP difference" in {c.title for c in trade_off(quickstart_records()).columns}


def test_statistics_without_a_figure_are_dashes_never_minus_one_or_nan() -> None:
    accuracy = build_report(quickstart_records()).sections[0].tables[1]
    assert set(texts(accuracy, "AP large")) == {"–"}
    assert "AP large: no large objects" in accuracy.notes
    broken = with_metric(fake_record("litert", "fp32"), make_metric("latency_p50_ns", math.nan, low=math.nan))
    report = everything(build_report([with_metric(broken, make_metric("load_ns", None, note="why not"))]))
    assert not re.search(r"\bnan\b", report) and "why not" in report


def test_a_missing_percentile_says_why() -> None:
    few = make_metric("latency_p99_ns", None, count=250, note="250 calls, p99 needs 662")
    report = build_report([with_metric(r, few) for r in quickstart_records()])
    assert "p99: 250 calls, p99 needs 662" in report.sections[0].tables[2].notes


def test_failed_cases_are_shown_with_reason_and_last_lines() -> None:
    report = build_report([fake_record("litert", "fp32"), failed_record(), unavailable_record()])
    assert report.summary.startswith("3 cases: 1 measured, 1 failed, 1 not available")
    assert [failure.status for failure in report.failures] == ["failed", "unavailable"]
    assert report.failures[0].last_lines[-1] == "terminate called after throwing 'std::bad_alloc'"


def test_when_everything_failed_the_report_says_so() -> None:
    report = build_report([failed_record()])
    assert report.sections[0].answer.headline == "Nothing was measured"
    assert report.sections[0].tables == () and report.sections[0].charts == ()


def test_without_records_there_is_still_a_report() -> None:
    assert build_report([]).summary == "No cases."


def test_overridden_figures_carry_a_banner_that_names_what_was_overridden() -> None:
    overrides = {"only": [], "hosts": [], "limit": 20, "rounds": None, "profile": "smoke"}
    cut = [replace(r, decision_grade=False, overrides=overrides) for r in quickstart_records()]
    report = build_report(cut)
    assert report.banner == (
        "NOT FOR DECISIONS: this run was cut short on the command line (limit=20, profile=smoke)."
    )
    assert report.sections[0].answer.headline == "Not for decisions: ship int8 on litert"
    assert build_report(quickstart_records()).banner == ""


def test_one_round_claims_no_speed_and_decides_nothing() -> None:
    single = [
        with_metric(
            with_metric(
                replace(record, rounds_valid=1),
                make_metric("latency_p50_ns", 4e5 + number, level=0.0, count=1),
            ),
            make_metric("latency_ratio", 0.81, low=0.81, high=0.81, level=0.0, count=1),
        )
        for number, record in enumerate(quickstart_records())
    ]
    report = build_report(single)
    assert report.sections[0].answer.headline.startswith("Not for decisions, 1 round: ship ")
    assert "faster [" not in everything(report) and "1.23× faster" not in everything(report)
    assert "speed not decided (0.81× the latency, 1 round)" in everything(report)


def test_training_that_brought_nothing_is_said_with_its_control() -> None:
    said = "\n".join(build_report(quickstart_records()).sections[0].findings)
    assert "training brought nothing that this run can see" in said
    assert (
        "against its control, a float fine-tune of as many steps, which scores 60.9 points: not decided"
        in said
    )


def training_words(**changes: Any) -> str:
    """The sentence on training, with the paired differences of a QAT case to INT8 and to its control."""
    interval = {"value": -0.0002, "low": -0.003, "high": 0.0031, "level": 0.95}
    fields = {
        "differences": {case_id("int8", "litert"): interval},
        "control": {"map_50_95": 0.6061, "difference": interval},
        **changes,
    }
    qat = fake_record("litert", "qat", **fields)
    records = [fake_record("litert", "fp32"), fake_record("litert", "int8"), qat]
    return next(s for s in build_report(records).sections[0].findings if s.startswith("qat on litert: "))


def test_training_is_judged_by_the_paired_intervals_of_its_own_differences() -> None:
    assert training_words() == (
        "qat on litert: −0.02 points mAP [−0.30, +0.31] against int8 on litert: no difference seen. "
        "−0.02 points mAP [−0.30, +0.31] against its control, a float fine-tune of as many steps, which "
        "scores 60.6 points: no difference seen."
    )


def test_a_file_that_kept_post_training_weights_says_so_and_names_no_control() -> None:
    assert training_words(artifact={"is_trained": False}) == (
        "qat on litert: training did not lower the loss on images set aside: this file holds post-training "
        "INT8 weights (channels may be balanced), not trained ones. "
        "−0.02 points mAP [−0.30, +0.31] against int8 on litert: no difference seen."
    )


def test_a_control_that_failed_says_why() -> None:
    failed = {"status": "failed", "reason": "the process ran out of memory"}
    assert training_words(control=failed).endswith("Its control failed: the process ran out of memory.")


def test_training_without_labels_says_that_its_control_is_the_float_model() -> None:
    qat = fake_record("litert", "qat")
    recipe = {**(qat.recipe or {}), "training": {"labels": False}}
    unlabelled = replace(qat, recipe=recipe, control=None)
    report = build_report([fake_record("litert", "fp32"), fake_record("litert", "int8"), unlabelled])
    assert "so its control is the float model itself" in "\n".join(report.sections[0].findings)


def test_advice_of_several_cases_is_said_once() -> None:
    remarks = build_report([replace(r, rounds_valid=2) for r in quickstart_records()]).sections[0].remarks
    few = [remark for remark in remarks if "2 valid rounds" in remark.text]
    assert [remark.cases for remark in few] == ["All cases"]


def test_charts_show_paired_intervals_and_no_bar_on_the_reference() -> None:
    latency, memory, size = build_report(quickstart_records()).sections[0].charts
    points = {(point.label, point.runtime): point for point in latency.points}
    assert points["fp32", "litert"].y_ends is None
    assert points["int8", "litert"].y_ends == pytest.approx((60.39 - 0.38, 60.39 + 0.21))
    assert points["int8", "litert"].x == pytest.approx(0.441)
    assert (memory.key, size.key) == ("memory", "size")


def test_a_single_case_has_no_chart() -> None:
    assert build_report([fake_record("litert", "fp32")]).sections[0].charts == ()


def test_labels_name_threads_only_where_they_vary() -> None:
    assert build_report(many_records(20)).sections[0].answer.headline == "Ship int8 on litert, 2 threads"


def test_equal_labels_fall_back_to_case_ids() -> None:
    twin = replace(fake_record("litert", "int8"), case="twin")
    report = build_report([fake_record("litert", "fp32"), fake_record("litert", "int8"), twin])
    said = "\n".join(report.sections[0].comparisons)
    assert "twin: " in said and f"{case_id('int8', 'litert')}: " in said
