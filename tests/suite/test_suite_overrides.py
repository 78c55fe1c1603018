"""What the command line may change of a suite."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.suite import CocoData, Overrides, RenderedData
from bench.errors import UsageError
from bench.suite import apply_overrides

TEXT = """
name: s
models: [builtin, {builtin: true, name: other}]
hosts: [local, pi5]
recipes: {int8-noise: {precision: int8, calibration: {source: noise}}}
matrix: {precision: [fp32, int8, int8-noise, qat], runtime: [litert, onnx], threads: [1, 2]}
"""


def ids(suite) -> list[str]:  # type: ignore[no-untyped-def]
    return [case.id for case in suite.cases]


def test_nothing_said_changes_nothing(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(TEXT)
    assert apply_overrides(suite, Overrides()) == suite


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        (
            ("int8-noise/litert/t1@local",),
            ["builtin/int8-noise/litert/t1@local", "other/int8-noise/litert/t1@local"],
        ),
        (
            ("builtin/*/litert/t1@pi5",),
            [f"builtin/{r}/litert/t1@pi5" for r in ("fp32", "int8", "int8-noise", "qat")],
        ),
        (
            ("model=other,precision=int8,runtime=tflite,threads=2,host=local",),
            ["other/int8/litert/t2@local", "other/int8-noise/litert/t2@local"],
        ),
        (("recipe=int8,model=other,threads=2,host=local,runtime=ort",), ["other/int8/onnxruntime/t2@local"]),
        (
            ("builtin/qat/litert/t1@pi5", "builtin/fp32/litert/t2@pi5"),
            ["builtin/fp32/litert/t2@pi5", "builtin/qat/litert/t1@pi5"],
        ),
    ],
)
def test_only_takes_parts_patterns_and_pairs(load, only: tuple[str, ...], chosen: list[str]) -> None:  # type: ignore[no-untyped-def]
    suite = apply_overrides(load(TEXT), Overrides(only=only))
    assert ids(suite) == chosen
    assert {model.name for model in suite.models} == {case.model for case in suite.cases}
    assert set(suite.hosts) == {case.host for case in suite.cases}


def test_a_chosen_case_loses_a_sibling_that_was_not_chosen(load) -> None:  # type: ignore[no-untyped-def]
    case = "builtin/int8/litert/t1@local"
    alone = apply_overrides(load(TEXT), Overrides(only=(case,)))
    paired = apply_overrides(load(TEXT), Overrides(only=(case, "builtin/fp32/litert/t1@local")))
    assert [case.sibling for case in alone.cases] == [""]
    assert [case.sibling for case in paired.cases] == ["", "builtin/fp32/litert/t1@local"]


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        (Overrides(only=("int9",)), "--only int9: fits no case, expected to fit one of:\n  builtin/fp32/litert/t1@local\n"),
        (Overrides(only=("precission=int8",)), "--only precission=int8: unknown key 'precission', did you mean 'precision'? "
         "Known: model, group, precision, recipe, runtime, threads, host"),
        (Overrides(hosts=("pi4",)), "--host: unknown host 'pi4', did you mean 'pi5'? Known: local, pi5"),
        (Overrides(limit=0), "--limit: got 0, expected an integer of 1 or more"),
        (Overrides(rounds=-1), "--rounds: got -1, expected an integer of 1 or more"),
        (Overrides(profile="smok"), "--profile: unknown profile 'smok', did you mean 'smoke'? Known: smoke"),
    ],
)  # fmt: skip
def test_what_fits_nothing_is_an_error_that_lists_what_there_is(
    load, overrides: Overrides, error: str
) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError) as caught:
        apply_overrides(load(TEXT), overrides)
    assert str(caught.value).startswith(error)


def test_limit_and_rounds_never_exceed_what_is_there(load) -> None:  # type: ignore[no-untyped-def]
    suite = apply_overrides(load(TEXT), Overrides(limit=1000, rounds=3))
    assert suite.data == RenderedData() and suite.measure.rounds == 3
    Path("a.json").write_text("{}")
    coco = "name: s\nmodel: builtin\ndata: {coco: {images: ., annotations: a.json, limit: 50}, calibration: {images: .}}\n"
    for limit, meant in ((20, 20), (80, 50)):
        data = apply_overrides(load(coco), Overrides(limit=limit)).data
        assert isinstance(data, CocoData) and data.limit == meant


def test_smoke_keeps_all_cases_and_makes_everything_small(load) -> None:  # type: ignore[no-untyped-def]
    suite = load(TEXT)
    smoke = apply_overrides(suite, Overrides(profile="smoke"))
    assert ids(smoke) == ids(suite)
    assert smoke.data == RenderedData(evaluation=20, calibration=16, training=16)
    measure = smoke.measure
    assert (measure.rounds, measure.calls, measure.min_calls, measure.warmup, measure.images) == (
        2,
        5,
        5,
        2,
        5,
    )
    for case in smoke.cases:
        assert case.recipe is not None
        assert (case.recipe.training.steps, case.recipe.training.images, case.recipe.calibration.images) == (
            4,
            16,
            16,
        )


def test_a_number_that_was_said_wins_over_the_profile(load) -> None:  # type: ignore[no-untyped-def]
    suite = apply_overrides(load(TEXT), Overrides(profile="smoke", rounds=7, limit=9))
    assert suite.measure.rounds == 7 and suite.measure.calls == 5
    assert isinstance(suite.data, RenderedData) and suite.data.evaluation == 9
