"""Cures are tried once each, and what is said of them: how long they take, and what they were made with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest

from bench.cli.diagnosis_of_builds import build_lines
from bench.core.artifact import Artifact, FileFacts
from bench.core.recipe import Recipe
from bench.core.suite import Case
from bench.diagnosing import trying
from bench.diagnosing.build import BuildDiagnosis, _notes
from bench.diagnosing.cure import Cure
from bench.diagnosing.timing import Times
from bench.diagnosing.trying import Trials, TriedCure, best_cure
from bench.errors import BuildError
from bench.wire.job import RuntimeSettings

CASE = Case("m/int8", "m", "m", "int8", Recipe("int8", "int8"), RuntimeSettings("litert"), "local", "m/fp32")


def cure(name: str, content: str = "", **changes: Any) -> Cure:
    """Return a cure whose built file has this content."""
    return Cure(
        name, Recipe("cured", "int8", keep_float=(content or name,), **changes), {"precision": "int8"}
    )


@dataclass(frozen=True)
class FakeOpened:
    """Builds files named by their recipe; `broken` cannot be made."""

    recipe: Recipe | None = None

    def with_case(self, case: Case) -> FakeOpened:
        return FakeOpened(case.recipe)

    def artifact(self, case: Case) -> Artifact:
        content = (self.recipe.keep_float if self.recipe else ()) or ("uncured",)
        if content == ("broken",):
            raise BuildError("broken: it cannot be made")
        return Artifact("model.tflite", content[0], 1, 1, FileFacts("int8"))


def test_a_cure_that_builds_the_file_at_hand_or_a_tried_one_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = {"better": 0.2, "best": 0.39, "late": 0.4}
    monkeypatch.setattr(
        trying, "score_case", lambda opened, *_: SimpleNamespace(value=values[opened.recipe.keep_float[0]])
    )
    trials = Trials(FakeOpened(), CASE, None, 20, 0.4)  # type: ignore[arg-type]
    given = [cure("nothing", "uncured"), cure("broken"), cure("better"), cure("again", "better"),
             cure("best"), cure("late")]  # fmt: skip
    tried = trials.run(given)
    assert [(one.cure.reason, one.value) for one in tried] == [
        ("broken", None), ("better", 0.2), ("best", 0.39)
    ]  # fmt: skip
    named = best_cure(tried, 0.1, 0.4)
    assert named is not None and named.reason == "best"
    assert best_cure(tried[:2], 0.1, 0.4) is None


def test_the_named_cure_says_what_an_invoke_took() -> None:
    named = cure("best")
    found = BuildDiagnosis("m/int8", "m/fp32", 40, 0.1, 0.4, None, True, cures=(TriedCure(named, 0.39),),
                           named=named, times=Times(8e6, 29e6, 20, 1))  # fmt: skip
    shown = "\n".join(build_lines(found))
    assert "one invoke of it took 29 ms, fp32 8 ms (median of 20 calls, 1 thread): slower than fp32" in shown
    assert "may be slower than fp32: measure before shipping" in "\n".join(
        build_lines(replace(found, times=None))
    )


def test_a_calibration_set_with_too_few_images_is_told() -> None:
    few = SimpleNamespace(num_calibration_images=16)
    assert "ranges were found on 16 images, 100 were asked for" in _notes(few, Recipe("a", "int8"))[0]  # type: ignore[arg-type]
    assert _notes(few, Recipe("a", "dynamic")) == ()  # type: ignore[arg-type]
    assert _notes(SimpleNamespace(num_calibration_images=100), Recipe("a", "int8")) == ()  # type: ignore[arg-type]
