"""What `bench diagnose` can explain is said with its command; what it cannot is left as it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_records import fake_record, with_metric

from bench.analysis.advice import advise
from bench.analysis.hints import with_command
from bench.core.metric import make_metric
from bench.core.record import Advice, Record
from bench.report.building import build_report

BASE = fake_record("litert", "fp32")


def found(record: Record, code: str, sibling: Record | None = BASE) -> Advice | None:
    return next((advice for advice in advise(record, sibling) if advice.code == code), None)


def collapsed(value: float) -> Record:
    return with_metric(fake_record("litert", "int8"), make_metric("map_50_95_difference", value))


@pytest.mark.parametrize("code", ["no_detections", "boxes_outside"])
def test_warnings_of_the_run_point_to_the_command(code: str) -> None:
    record = replace(BASE, warnings=(Advice(code, "seen", "look there"),))
    advice = found(record, code, None)
    assert advice is not None
    assert advice.advice == f"look there; `bench diagnose SUITE --case {BASE.case}` tries what may be wrong"


def test_a_collapsed_variant_points_to_the_command_of_its_own_case() -> None:
    advice = found(collapsed(-0.3), "accuracy_collapse")
    assert advice is not None and f"bench diagnose SUITE --case {collapsed(0).case}" in advice.advice


def test_a_quarter_of_a_low_ap_is_a_collapse_too_and_a_tenth_is_none() -> None:
    low = with_metric(BASE, make_metric("map_50_95", 0.2))
    assert found(collapsed(-0.06), "accuracy_collapse", low) is not None
    assert found(collapsed(-0.02), "accuracy_collapse", low) is None
    assert found(collapsed(-0.06), "accuracy_collapse", BASE) is None


def test_a_case_s_name_that_a_shell_would_split_is_quoted() -> None:
    record = replace(BASE, case="my model/int8")
    (advice,) = with_command([Advice("no_accuracy", "", "")], record)
    assert "--case 'my model/int8'" in advice.advice


def test_advice_on_time_and_memory_is_left_as_it_is() -> None:
    slow = Advice("slower_than_fp32", "text", "advice")
    assert with_command([slow], BASE) == (slow,)


@pytest.mark.parametrize(("count", "is_said"), [(500, True), (80, False)])
def test_a_class_that_is_never_found_is_named_among_many_images_only(count: int, is_said: bool) -> None:
    record = with_metric(BASE, make_metric("map_50_95", 0.4, count=count))
    record = replace(record, per_class={"disc": 0.5, "star": 0.0, "unseen": None})
    advice = found(record, "silent_class", None)
    assert (advice is not None) is is_said
    assert advice is None or ("star" in advice.text and "unseen" not in advice.text)


def test_the_report_names_the_suite_s_own_file() -> None:
    report = build_report([BASE, collapsed(-0.3)], {"suite_path": "my suites/pi.yaml"})
    shown = [remark.advice for section in report.sections for remark in section.remarks]
    assert any(f"`bench diagnose 'my suites/pi.yaml' --case {collapsed(0).case}`" in text for text in shown)
