"""Advice, what training brought, and which activation type is better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_records import case_id, failed_record, fake_record, quickstart_records, with_metric

from bench.analysis.activations import compare_activations
from bench.analysis.advice import advise
from bench.analysis.training import control_accuracy, judge_training
from bench.core.metric import make_metric
from bench.core.record import Advice, Record

BASE = fake_record("litert", "fp32")


def codes(record: Record, sibling: Record | None = BASE) -> set[str]:
    return {advice.code for advice in advise(record, sibling)}


def difference(value: float) -> Any:
    return make_metric("map_50_95_difference", value, low=value - 0.001, high=value + 0.001, level=0.95)


def ratio(value: float) -> Any:
    return make_metric("latency_ratio", value, low=value - 0.05, high=value + 0.05, level=0.95)


def test_a_healthy_case_gets_no_advice() -> None:
    assert codes(fake_record("litert", "int8")) == set()


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (with_metric(fake_record("litert", "int8"), make_metric("map_50_95", 0.0)), "no_accuracy"),
        (with_metric(fake_record("litert", "int8"), difference(-0.2)), "accuracy_collapse"),
        (fake_record("litert", "int8", per_class={"disc": 0.001, "star": 0.5}), "dead_class"),
        (fake_record("litert", "int8", precision_found="fp32"), "precision_mismatch"),
        (fake_record("litert", "int8", rounds_valid=2), "few_rounds"),
        (fake_record("litert", "int8", rounds_invalid=3), "invalid_rounds"),
        (fake_record("litert", "int8", environment={"cpu": {"governor": "powersave"}}), "governor"),
        (with_metric(fake_record("litert", "int8"), ratio(1.4)), "slower_than_fp32"),
        (with_metric(fake_record("litert", "fp16"), ratio(1.01)), "fp16_not_faster"),
        (with_metric(fake_record("litert", "int8"), make_metric("map_50_95", 0.6, count=20)), "few_images"),
    ],
)
def test_each_thing_that_looks_wrong_is_named(record: Record, code: str) -> None:
    assert code in codes(record)


def test_one_round_is_not_called_rounds() -> None:
    record = fake_record("litert", "int8", rounds_valid=1, rounds_invalid=1, invalid_reasons={"throttled": 1})
    said = {advice.code: advice.text for advice in advise(record, BASE)}
    assert said["few_rounds"].startswith("1 valid round stands behind the latency")
    assert said["invalid_rounds"] == "1 round was invalid (throttled once) and is not in the figures"


def test_suppression_that_no_operator_of_the_graph_does_is_missing() -> None:
    raw = {
        "nms_in_graph": True,
        "description": {"decode": {"family": "yolov8"}},
        "artifact": {"ops": {"Conv": 60, "Sigmoid": 50, "Shape": 1}},
    }
    assert "nms_missing" in codes(fake_record("litert", "fp32", **raw))
    for changed in (
        {"nms_in_graph": False},
        {"description": {"decode": {"family": "end_to_end"}}},
        {"artifact": {"ops": {"Conv": 60, "NonMaxSuppression": 1}}},
        {"artifact": {"ops": {"Conv": 60, "If": 1}}},
        {"artifact": {}},
    ):
        assert "nms_missing" not in codes(fake_record("litert", "fp32", **{**raw, **changed}))


def test_a_recipe_that_leaves_layers_in_float_may_make_a_mixed_file() -> None:
    recipe = {"name": "head-float", "precision": "int8", "keep_float": ["head"]}
    mixed = fake_record("litert", "int8", precision_found="mixed")
    assert "precision_mismatch" in codes(mixed)
    assert "precision_mismatch" not in codes(replace(mixed, recipe=recipe))
    found_float = fake_record("litert", "int8", precision_found="fp32", recipe=recipe)
    assert "precision_mismatch" in codes(found_float)


def test_a_slow_integer_model_is_explained_by_its_fused_share() -> None:
    proof = {"num_ops": 120, "num_fusable": 39, "num_fused": 6, "num_quantize_ops": 57}
    slow = with_metric(fake_record("onnxruntime", "int8", proof=proof), ratio(2.4))
    text = next(a.text for a in advise(slow, BASE) if a.code == "slower_than_fp32")
    assert text == (
        "2.40 times the latency of fp32: 6 of 39 convolutions and products run in integers and 57 "
        "conversions are left in the graph"
    )


def test_a_class_that_fp32_does_not_find_either_is_not_dead() -> None:
    sibling = replace(BASE, per_class={"disc": 0.02})
    assert "dead_class" not in codes(fake_record("litert", "int8", per_class={"disc": 0.0}), sibling)
    assert "dead_class" not in codes(fake_record("litert", "int8", per_class={"disc": None}), BASE)


def test_the_records_own_warning_stands_and_is_not_said_twice() -> None:
    own = Advice("few_rounds", "said before")
    assert advise(fake_record("litert", "int8", rounds_valid=2, warnings=(own,)), BASE) == (own,)
    assert advise(failed_record(), BASE) == ()


def test_training_that_brought_nothing_is_a_tie() -> None:
    finding = judge_training(quickstart_records())[0]
    assert (finding.case, finding.int8) == (case_id("qat", "litert"), case_id("int8", "litert"))
    assert finding.outcome == "tie"
    assert finding.gain == pytest.approx(0.0029)
    assert finding.control_gain == pytest.approx(0.6059 - 0.6088)


def test_training_that_brought_something_is_better() -> None:
    lost = with_metric(fake_record("litert", "int8"), difference(-0.05))
    assert judge_training([BASE, lost, fake_record("litert", "qat")])[0].outcome == "better"


def test_training_is_judged_by_its_own_paired_interval_where_there_is_one() -> None:
    int8 = fake_record("litert", "int8")
    interval = {"value": 0.003, "low": 0.001, "high": 0.005, "level": 0.95}
    control = {"difference": {"value": -0.001, "low": -0.002, "high": 0.001, "level": 0.95}}
    changes: dict[str, Any] = {
        "differences": {int8.case: interval},
        "control": control,
        "artifact": {"is_trained": True},
    }
    finding = judge_training([BASE, int8, fake_record("litert", "qat", **changes)])[0]
    assert finding.outcome == "better" and finding.is_trained is True
    assert (finding.gain, finding.gain_low, finding.gain_high) == (0.003, 0.001, 0.005)
    assert (finding.control_gain, finding.control_low, finding.control_high) == (-0.001, -0.002, 0.001)


def test_without_int8_beside_it_training_is_not_judged() -> None:
    finding = judge_training([BASE, fake_record("litert", "qat")])[0]
    assert (finding.int8, finding.outcome, finding.gain) == ("", "unknown", None)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        (None, None),
        ({}, None),
        ({"map_50_95": 0.6}, 0.6),
        ({"map_50_95": {"value": 0.6}}, 0.6),
        ({"map_50_95": {"value": None}}, None),
        ({"metrics": [{"name": "map_50", "value": 0.9}, {"name": "map_50_95", "value": 0.6}]}, 0.6),
        ({"map_50_95": -1.0}, None),
        ({"note": "failed"}, None),
    ],
)
def test_a_control_is_read_however_it_is_stored(control: Any, expected: float | None) -> None:
    assert control_accuracy(control) == expected


def activation_pair(ratio: float) -> list[Record]:
    unsigned = fake_record("onnxruntime", "int8")
    ns = (unsigned.value("latency_p50_ns") or 0.0) * ratio
    recipe = {**(unsigned.recipe or {}), "name": "int8_s8", "activations": "int8"}
    signed = replace(unsigned, case="s8", recipe=recipe, proof={"num_fusable": 39, "num_fused": 24})
    return [unsigned, with_metric(signed, make_metric("latency_p50_ns", ns, low=ns * 0.99, high=ns * 1.01))]


def test_the_better_activation_type_is_named_with_both_fused_shares() -> None:
    (finding,) = compare_activations(activation_pair(1.7))
    assert finding.faster == case_id("int8", "onnxruntime")
    assert finding.ratio == pytest.approx(1.7)
    assert finding.uint8_fused and finding.uint8_fused.value == 1.0
    assert finding.int8_fused and (finding.int8_fused.count, finding.int8_fused.total) == (24, 39)


def test_activation_types_tie_when_intervals_overlap() -> None:
    (finding,) = compare_activations(activation_pair(1.005))
    assert finding.faster == ""


def test_a_single_activation_type_is_compared_with_nothing() -> None:
    assert compare_activations(quickstart_records()) == ()
