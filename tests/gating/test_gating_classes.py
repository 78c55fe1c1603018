"""Each class by itself: its AP is COCO's, its bounds hold on few photos, rare ones are told."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sides_of import make_case, make_side

from bench.core.verdict import Verdict
from bench.gating.cached import IntervalCache
from bench.gating.classes import class_changes, class_changes_of_files
from bench.gating.deciding import Options, decide
from bench.gating.rules import make_rules
from bench.metrics.accumulate import accumulate
from bench.metrics.matches import Matches, save_matches
from bench.metrics.matching import match
from bench.report.verdicts import in_order, metric_words

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections

NUM_IMAGES, NAMES = 60, ("bus", "car", "cat", "dog")
GATE = {"map_50_95": {"max_drop": 0.5, "per_class": {"max_drop": 0.03}}}


@pytest.fixture(scope="module")
def sides() -> tuple[Matches, Matches]:
    """Match two detectors; the second finds no more of the second class."""
    truth = make_annotations(11, NUM_IMAGES, num_categories=len(NAMES), objects=2.5)
    for number, annotation in enumerate(truth["annotations"]):
        annotation["category_id"] = truth["categories"][number % len(NAMES)]["id"]
    objects = as_ground_truth(truth)
    detections = make_detections(1, truth, 12, 0.12)
    before = match(detections, objects)
    kept = detections.category_id != before.category_ids[1]
    rows = {name: getattr(detections, name)[kept] for name in ("image_id", "category_id", "score", "box")}
    worse = replace(detections, **rows)
    return before, match(worse, objects)


@pytest.fixture(scope="module")
def files(sides: tuple[Matches, Matches], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("matches")
    for name, side in zip(("old", "new"), sides, strict=True):
        save_matches(side, folder / name)
    return folder / "old", folder / "new"


def verdicts_of(files: tuple[Path, Path], gate: dict[str, object], **options: object) -> list[Verdict]:
    """Judge the two files as one case."""
    old, new = (
        make_side(make_case(values={"map_50_95": 0.5}, matches=path, classes=NAMES)) for path in files
    )
    return decide(old, new, make_rules(gate), Options(resamples=200, **options))  # type: ignore[arg-type]


def test_the_ap_of_a_class_is_cocos(sides: tuple[Matches, Matches]) -> None:
    expected = [list(accumulate(side).per_class.values()) for side in sides]
    found = class_changes(*sides, "map_50_95", 20, 0)
    assert [one.category for one in found] == [0, 1, 2, 3]
    assert [one.before for one in found] == pytest.approx(expected[0])
    assert [one.after for one in found] == pytest.approx(expected[1])


def test_a_class_that_is_lost_fails_and_the_others_pass(files: tuple[Path, Path]) -> None:
    whole, *classes = verdicts_of(files, GATE)
    assert (whole.part, whole.answer) == ("", "pass")
    assert {one.part: one.answer for one in classes} == {
        "bus": "pass", "car": "fail", "cat": "pass", "dog": "pass",
    }  # fmt: skip
    (car,) = (one for one in classes if one.part == "car")
    assert car.before is not None and car.before > 0.2
    assert (car.after, car.p_value is not None and car.p_value < 1e-6) == (0.0, True)
    assert metric_words(car) == "map_50_95 of car"


def test_each_class_is_one_of_all_tests_that_share_a_false_alarm(files: tuple[Path, Path]) -> None:
    """Classes of equal data are no tests; one that changed is held to the error of all that changed."""
    error = {one.part: one.p_value for one in verdicts_of(files, GATE)}
    assert [part for part, p_value in error.items() if p_value is not None] == ["", "car"]


def test_a_class_on_too_few_photos_is_left_out_and_named(files: tuple[Path, Path]) -> None:
    gate = {"map_50_95": {"max_drop": 0.5, "per_class": {"max_drop": 0.03, "min_photos": 1000}}}
    (told,) = verdicts_of(files, gate)[1:]
    assert (told.answer, told.part) == ("new", "each class")
    assert told.reason.startswith("not judged, on fewer than 1000 photos: bus (")


def test_a_class_on_a_handful_of_photos_is_inconclusive(
    sides: tuple[Matches, Matches], files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.gating.classes.LEAST_IMAGES", 1000)
    found = {one.category: one.change for one in class_changes(*sides, "map_50_95", 20, 0)}
    # What is equal on both sides needs no bound.
    assert found[1] is None and found[0] is not None and found[0].is_same_data
    told = {one.part: one for one in verdicts_of(files, GATE)}
    assert (told["car"].answer, told["bus"].answer) == ("inconclusive", "pass")
    assert "photos, of which 1000 are needed to bound a change" in told["car"].reason


def test_without_match_data_classes_are_not_judged_in_silence() -> None:
    side = make_side(make_case(values={"map_50_95": 0.5}))
    found = decide(side, side, make_rules(GATE), Options())
    assert [(one.part, one.answer) for one in found] == [("", "inconclusive"), ("each class", "inconclusive")]
    assert "no match data" in found[1].reason


def test_other_photos_make_classes_not_comparable(files: tuple[Path, Path]) -> None:
    old = make_case(values={"map_50_95": 0.5}, matches=files[0])
    new = replace(old, setting={**old.setting, "data": "b" * 64})
    found = decide(make_side(old), make_side(new), make_rules(GATE), Options())
    assert [one.answer for one in found] == ["not_comparable"] * 2


def test_what_was_resampled_before_is_remembered(files: tuple[Path, Path], tmp_path: Path) -> None:
    asked = (*files, "map_50_95", 20, 0)
    with IntervalCache(tmp_path / "known") as cache:
        first = cache.of_classes(*asked)
    assert first == class_changes_of_files(*asked)
    with IntervalCache(tmp_path / "known") as cache:
        assert cache.of_classes(*asked) == first
        assert cache._new == {}


def test_classes_that_pass_are_one_row_of_the_worst(files: tuple[Path, Path]) -> None:
    shown = in_order(verdicts_of(files, GATE))
    assert [(one.answer, one.part) for one in shown] == [
        ("fail", "car"), ("pass", ""), ("pass", "3 classes, the worst of them bus"),
    ]  # fmt: skip


def test_a_rule_per_class_finds_a_tenth_unless_told() -> None:
    (whole, each) = make_rules(GATE)
    assert (whole.is_per_class, each.is_per_class) == (False, True)
    assert (each.tolerance, each.find) == (0.03, 0.1)
    (_, told) = make_rules({"map_50_95": {"max_drop": 0, "per_class": {"max_drop": 0.01, "find": 0.05}}})
    assert told.find == 0.05


@pytest.mark.parametrize("error", [0.05, 0.01])
def test_bounds_of_a_class_on_few_photos_hold(error: float) -> None:
    """A class's AP as a mean over its photos: bounds of its change miss as often as they may."""
    from bench.gating.classes import _change

    rng, missed, trials = np.random.default_rng(5), 0, 1500
    for _ in range(trials):
        values = rng.normal(0, 1, 6)
        draws = values[rng.integers(6, size=(200, 6))].mean(axis=1)
        left_out = (values - values.mean()) / 5
        change = _change(np.concatenate([[values.mean()], draws]), left_out, 6)
        missed += change.bounds(error)[0] > 0
    assert missed / trials <= error + 3 * (error / trials) ** 0.5
