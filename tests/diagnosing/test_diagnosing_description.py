"""Planted mistakes are named, right descriptions are not accused; on the fake runtime, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from diagnosing_sample import RIGHT, Sample

from bench.diagnosing.description import diagnose_description
from bench.diagnosing.reading import Reading
from bench.diagnosing.scoring import Score, Scorer
from bench.stats import Interval
from bench.wire.description import Decode, ModelDescription

Mistake = Callable[[ModelDescription], ModelDescription]


def fed(**changes: object) -> Mistake:
    return lambda d: replace(d, preprocess=replace(d.preprocess, **changes))  # type: ignore[arg-type]


def kept(**changes: object) -> Mistake:
    return lambda d: replace(d, suppression=replace(d.suppression, **changes))  # type: ignore[arg-type]


MISTAKES: dict[str, tuple[Mistake, tuple[str, ...]]] = {
    "BGR for RGB": (fed(color="bgr"), ("input: {color: rgb}",)),
    "0 to 1 for -1 to 1": (fed(mean=(0.0,) * 3, std=(255.0,) * 3), ("input: {mean: 127.5, std: 127.5}",)),
    "letterbox for stretch": (fed(resize="letterbox"), ("input: {resize: stretch}",)),
    "letterbox not undone": (
        lambda d: replace(fed(resize="letterbox")(d), decode=replace(d.decode, frame="photo")),
        ("input: {resize: stretch}",),
    ),
    "ids one too low": (
        lambda d: replace(d, category_ids=tuple(range(10, 15))), ("labels: {offset: 11, count: 5}",),
    ),
    "ids from 1 on": (
        lambda d: replace(d, category_ids=tuple(range(1, 6))), ("labels: {offset: 11, count: 5}",),
    ),
    "activation missing": (
        lambda d: replace(d, decode=Decode("ltrb", {}, {"strides": [8], "activation": "none"})),
        ("options: {activation: sigmoid}",),
    ),
    "score threshold too high": (kept(score_threshold=0.8), ("nms: {score_threshold: 0.001}",)),
    "too few boxes": (kept(max_detections=2), ("nms: {max_detections: 100}",)),
}  # fmt: skip


def test_a_right_description_is_not_accused(sample: Sample) -> None:
    found = diagnose_description(sample.subject(), RIGHT)
    assert (found.verdict, found.lines, found.mended) == ("right", (), RIGHT)
    assert found.value == found.mended_value == 1.0


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_named_with_the_lines_that_mend_it(sample: Sample, name: str) -> None:
    plant, lines = MISTAKES[name]
    found = diagnose_description(sample.subject(), plant(RIGHT))
    assert (found.verdict, found.lines) == ("mended", lines)
    assert found.value < 0.9 and found.mended_value == 1.0
    assert found.gain is not None and found.gain.low > 0
    assert [step.chosen is not None for step in found.steps] == [True, False]


def test_two_mistakes_that_coincide_are_both_named(sample: Sample) -> None:
    wrong = kept(score_threshold=0.8)(replace(RIGHT, category_ids=(11, 12, 14, 13, 16)))
    wrong = fed(color="rgb")(wrong)
    found = diagnose_description(sample.subject(), wrong)
    assert found.verdict == "mended" and found.mended_value == 1.0
    assert found.lines == ("nms: {score_threshold: 0.001}", "labels: {offset: 11, count: 5}")


def test_wrong_boxes_under_wrong_labels_are_mended_though_neither_alone_shows_in_ap(sample: Sample) -> None:
    wrong = fed(color="bgr")(replace(RIGHT, category_ids=tuple(range(10, 15))))
    found = diagnose_description(sample.subject(), wrong)
    assert found.value < 0.005 and found.verdict == "mended" and found.mended_value == 1.0
    assert found.lines == ("input: {color: rgb}", "labels: {offset: 11, count: 5}")


def test_a_description_that_does_not_fit_at_all_is_mended_too(sample: Sample) -> None:
    wrong = replace(RIGHT, category_ids=RIGHT.category_ids[:4])
    found = diagnose_description(sample.subject(), wrong)
    assert found.value == 0 and "scores" in found.reason
    # Of label maps with another count none is known here.
    assert found.verdict == "lost" and found.suspicions[0].startswith("the description does not fit")


def test_what_no_change_mends_is_told_by_its_stage(sample: Sample) -> None:
    silent = diagnose_description(sample.subject(options={"boxes": []}), RIGHT)
    assert silent.verdict == "lost" and "not one detection" in silent.suspicions[0]


def test_a_sample_too_small_to_accuse_by_grows(sample: Sample) -> None:
    found = diagnose_description(sample.subject(num_images=5), kept(max_detections=3)(RIGHT))
    assert found.steps[0].num_images == 20
    assert found.lines == ("nms: {max_detections: 100}",)


def test_a_small_but_sure_gain_of_the_family_s_custom_is_named(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if every reading were so much alike that the planted color costs a twentieth.
    wrong = fed(color="bgr")(RIGHT)
    plain = Scorer.score

    def score(scorer: Scorer, reading: Reading) -> Score:
        found = plain(scorer, reading)
        return replace(found, value=0.95 + 0.05 * found.value)

    def difference(scorer: Scorer, first: Score, second: Score, level: float) -> Interval:
        gap = first.value - second.value
        return Interval(gap, gap - 0.01, gap + 0.01, level)

    monkeypatch.setattr(Scorer, "score", score)
    monkeypatch.setattr(Scorer, "difference", difference)
    found = diagnose_description(sample.subject(), wrong)
    assert (found.verdict, found.lines) == ("mended", ("input: {color: rgb}",))
    assert found.gain is not None and found.gain.value < 0.1 * found.value
