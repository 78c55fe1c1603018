"""Which changes are tried, in which words, and what is suspected where none helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import yaml
from diagnosing_sample import RIGHT, Sample
from hypothesis import given
from hypothesis import strategies as st

from bench.cli.diagnosis_text import as_json, as_text
from bench.detectors.presets import COCO_80, COCO_90, default_description
from bench.diagnosing.change import distinct
from bench.diagnosing.changing_input import input_changes
from bench.diagnosing.changing_labels import label_changes
from bench.diagnosing.changing_output import output_changes
from bench.diagnosing.demand import demands_of
from bench.diagnosing.description import diagnose_description
from bench.diagnosing.finding import Diagnosis
from bench.diagnosing.reading import Reading
from bench.diagnosing.scoring import Scorer
from bench.diagnosing.settings import differences, suite_lines, usual_description, with_setting
from bench.diagnosing.suite import ModelDiagnosis
from bench.diagnosing.suspicion import suspect
from bench.metrics.detections import Detections
from bench.wire.description import Decode, ModelDescription

YOLO = default_description("yolov8", 640, 640, 80, ".tflite")


def labels(description: ModelDescription, categories: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [change.description.category_ids for change in label_changes(description, categories)]


def test_coco_s_maps_are_tried_for_coco_data_and_others_are_not_told_apart_by_unused_ids() -> None:
    contiguous = replace(YOLO, category_ids=tuple(range(1, 81)))
    assert labels(contiguous, COCO_80)[0] == COCO_80
    assert labels(replace(YOLO, category_ids=tuple(range(90))), COCO_80)[1] == COCO_90
    assert COCO_80 not in labels(RIGHT, tuple(range(101, 106)))


@given(st.lists(st.integers(0, 95), min_size=1, max_size=90, unique=True))
def test_tried_labels_can_be_written_into_a_suite(ids: list[int]) -> None:
    for tried in labels(replace(YOLO, category_ids=tuple(ids)), COCO_80):
        assert len(set(tried)) == len(tried) and min(tried) >= 0


def test_the_input_is_changed_in_one_thing_at_a_time() -> None:
    changes = distinct(input_changes(RIGHT, RIGHT), RIGHT)
    for change in changes:
        keys = set(differences(RIGHT, change.description))
        assert keys <= {"input.mean", "input.std"} or len(keys) == 1
    kinds = {change.kind for change in changes}
    assert kinds == {"color", "range", "layout", "resize"}


def test_another_resize_leaves_the_frame_of_boxes_as_it_is() -> None:
    yolo = replace(YOLO, decode=replace(YOLO.decode, frame="photo"))
    changes = {c.kind: c for c in input_changes(yolo, YOLO)}
    assert set(differences(yolo, changes["resize"].description)) == {"input.resize"}
    assert differences(yolo, changes["frame"].description) == {"frame": ("photo", "input")}


def test_a_turn_of_channels_takes_uneven_means_along_or_not() -> None:
    uneven = replace(RIGHT, preprocess=replace(RIGHT.preprocess, mean=(103.5, 116.3, 123.7)))
    changes = distinct(input_changes(uneven, uneven), uneven)
    colors = [c.description.preprocess for c in changes if c.kind == "color"]
    assert [p.mean for p in colors] == [(103.5, 116.3, 123.7), (123.7, 116.3, 103.5)]


def test_ranges_follow_the_channel_order() -> None:
    bgr = replace(RIGHT, preprocess=replace(RIGHT.preprocess, color="bgr"))
    means = [c.description.preprocess.mean for c in input_changes(bgr, bgr) if c.kind == "range"]
    assert (103.53, 116.28, 123.675) in means and (123.675, 116.28, 103.53) not in means


def test_options_are_changed_to_each_of_their_choices() -> None:
    ltrb = [change.description.decode.options for change in output_changes(RIGHT, RIGHT)]
    assert {"strides": [8], "activation": "none"} in ltrb
    tfod = default_description("tfod", 300, 300)
    offsets = [c.description.decode.options.get("class_offset") for c in output_changes(tfod, tfod)]
    assert {-1, 1} <= set(offsets)


def test_right_settings_of_suppression_are_not_touched() -> None:
    kept = [c.text for c in output_changes(YOLO, YOLO) if c.kind == "keeping"]
    assert kept == ["the graph has suppressed the boxes itself"]


def test_the_error_of_all_trials_together_is_what_was_promised(sample: Sample) -> None:
    wrong = replace(RIGHT, preprocess=replace(RIGHT.preprocess, color="bgr"))
    changes = distinct(input_changes(wrong, RIGHT), wrong)
    for description, total in ((wrong, 0.05), (RIGHT, 0.05)):
        demands = demands_of(changes, description, sample.subject(num_images=40))
        assert sum((1 - demand.level) / 2 for demand in demands.values()) == pytest.approx(total)
    # What leads back to the customs has half of it for itself.
    demands = demands_of(changes, wrong, sample.subject(num_images=40))
    (back,) = (c for c in changes if c.description.preprocess.color == "rgb")
    assert (1 - demands[back.key].level) / 2 == pytest.approx(0.025)
    # And a channel order is right or wrong, where most else is a setting.
    assert demands[back.key].share < min(d.share for key, d in demands.items() if key != back.key)


def test_lines_for_the_suite_say_what_differs_and_nothing_else() -> None:
    after = replace(
        YOLO,
        preprocess=replace(YOLO.preprocess, color="bgr", mean=(1.0, 2.0, 3.0)),
        decode=replace(YOLO.decode, options={"normalized": False}, frame="photo"),
        category_ids=(3, 1, 2),
    )
    lines = suite_lines(YOLO, after)
    assert yaml.safe_load("\n".join(lines)) == {
        "input": {"color": "bgr", "mean": [1, 2, 3]},
        "options": {"normalized": False},
        "frame": "photo",
        "labels": [3, 1, 2],
    }
    assert suite_lines(YOLO, YOLO) == ()


def test_the_usual_description_keeps_size_and_number_of_classes() -> None:
    usual = usual_description(replace(YOLO, category_ids=(1, 2, 3)), ".tflite")
    assert (usual.preprocess.width, len(usual.category_ids)) == (640, 3)


# Suspicions


def found(sample: Sample, scores: list[float], category: int = 11, outside: int = 0) -> Reading:
    count = len(scores)
    detections = Detections(
        np.ones(count, np.int64),
        np.full(count, category, np.int32),
        np.array(scores, np.float32),
        np.tile(np.array([[1, 1, 9, 9]], np.float32), (count, 1)),
        np.array([image.id for image in sample.data.images], np.int64),
    )
    return Reading(detections, num_outside=outside)


def suspicions(sample: Sample, reading: Reading) -> str:
    scorer = Scorer(sample.data, [image.id for image in sample.data.images])
    return "\n".join(suspect(reading, scorer, sample.data))


def test_each_stage_that_looks_wrong_is_named(sample: Sample) -> None:
    assert "not one detection" in suspicions(sample, found(sample, []))
    assert "have the score 0.5" in suspicions(sample, found(sample, [0.5, 0.5, 0.5]))
    assert "67% of all boxes lie outside" in suspicions(sample, found(sample, [0.5, 0.4, 0.3], outside=2))
    assert "100% of all detections are of category 12" in suspicions(sample, found(sample, [0.5, 0.4], 12))


def test_right_boxes_under_wrong_labels_are_seen(sample: Sample) -> None:
    (reading,) = sample.subject().reader.read([replace(RIGHT, category_ids=(15, 14, 11, 12, 13))], 40)
    assert "without regard of classes AP is" in suspicions(sample, reading)


@pytest.mark.parametrize("scale", [0.0, 0.7])
def test_a_scale_shared_by_boxes_and_scores_is_seen(sample: Sample, scale: float) -> None:
    low, high = [0.0] * 12, [150.0] * 4 + ([0.0] * 8 if not scale else [0.7] * 8)
    output = {"name": "out", "shape": [1, 12, 40], "dtype": "int8", "scale": scale, "low": low, "high": high}
    reading = replace(found(sample, [0.7, 0.7]), outputs=(output,))
    assert "boxes and scores share one quantization scale" in suspicions(sample, reading)


def test_outputs_in_order_raise_no_suspicion_of_their_scale(sample: Sample) -> None:
    output = {"name": "out", "scale": 0.004, "low": [0.0] * 8, "high": [0.9] * 8}
    reading = replace(found(sample, [0.7, 0.6]), outputs=(output,))
    assert "share" not in suspicions(sample, reading)


# What is printed


def text(diagnosis: Diagnosis | None, problem: str = "") -> str:
    return as_text(ModelDiagnosis("m", "m/fp32", "model.detector", diagnosis, problem), "suite.yaml")


def test_a_mistake_is_printed_with_its_lines_and_a_right_model_without(sample: Sample) -> None:
    wrong = replace(RIGHT, preprocess=replace(RIGHT.preprocess, color="bgr"))
    shown = text(diagnose_description(sample.subject(), wrong))
    assert "one mistake found; AP 0.0" in shown and "becomes 1.000 on 20 images" in shown
    assert "in suite.yaml, below model.detector:\n      input: {color: rgb}" in shown
    right = text(diagnose_description(sample.subject(), RIGHT))
    assert "no mistake found: AP 1.000 on 20 images" in right and "below model.detector" not in right


def test_unusual_settings_are_listed_without_a_verdict(sample: Sample) -> None:
    shown = text(diagnose_description(sample.subject(), RIGHT))
    assert "- labels: {offset: 11, count: 5} (usual: {offset: 1, count: 5}, which gives AP 0.000)" in shown


OTHER = replace(
    RIGHT,
    preprocess=replace(RIGHT.preprocess, color="bgr", mean=(1.0, 2.0, 3.0), resize="letterbox"),
    decode=Decode("ltrb", options={"strides": [16], "activation": "none"}, frame="photo"),
    suppression=replace(RIGHT.suppression, is_class_aware=False, iou_threshold=0.5),
    category_ids=(1, 2, 3, 4, 5),
)


@pytest.mark.parametrize("key", differences(RIGHT, OTHER))
def test_one_setting_at_a_time_is_set_back(key: str) -> None:
    changed = differences(RIGHT, with_setting(RIGHT, OTHER, key))
    assert changed == {key: differences(RIGHT, OTHER)[key]}


def test_an_option_is_set_back_to_its_default() -> None:
    usual = replace(OTHER, decode=Decode("ltrb", options={"strides": [8]}))
    assert with_setting(OTHER, usual, "options.activation").decode.options == {"strides": [16]}


def test_trials_on_more_images_say_how_many(sample: Sample) -> None:
    diagnosis = diagnose_description(sample.subject(), RIGHT)
    assert " on 20 images:" not in text(diagnosis)
    (step,) = diagnosis.steps
    best = max((trial for trial in step.trials if not trial.reason), key=lambda trial: trial.value)
    others = [trial for trial in step.trials if trial is not best]
    more = replace(step, trials=(replace(best, num_images=40), *others))
    shown = text(replace(diagnosis, steps=(more,)))
    assert " on 40 images: " in shown and " on 20 images: " in shown


def test_what_could_not_be_diagnosed_says_why() -> None:
    assert text(None, "the file is damaged") == "m (m/fp32)\n  could not be diagnosed: the file is damaged"


def test_json_holds_every_trial(sample: Sample) -> None:
    wrong = replace(RIGHT, decode=Decode("ltrb", {}, {"strides": [8], "activation": "none"}))
    diagnosis = diagnose_description(sample.subject(), wrong)
    value = as_json(ModelDiagnosis("m", "m/fp32", "model.detector", diagnosis))
    trials = value["diagnosis"]["steps"][0]["trials"]
    assert len(trials) == len(diagnosis.steps[0].trials) > 8
    assert value["diagnosis"]["lines"] == ["options: {activation: sigmoid}"]
