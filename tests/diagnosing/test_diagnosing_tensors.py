"""Comparing tensors: decibels against formulas, layers of two graphs, and which layer is blamed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from diagnosing_sample import Sample
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.core.artifact import Artifact, FileFacts
from bench.core.model import SourceKind
from bench.core.recipe import Calibration, Recipe
from bench.diagnosing.comparing import compare_files
from bench.diagnosing.cure import Cure, find_cures
from bench.diagnosing.cure_ideas import Means
from bench.diagnosing.layer_graph import GraphLayer, followers, pair_layers
from bench.diagnosing.loss import Lost, find_losses, layers_behind
from bench.diagnosing.signal import HIGHEST_DB, Signal, SignalFigures, by_channel
from bench.diagnosing.tensor_report import LayerSignal, TensorReport
from bench.errors import ModelError
from bench.wire.description import Preprocess

TINY = Path(__file__).parent.parent / "agent" / "models"
FEED = Preprocess(32, 32, mean=(127.5,) * 3, std=(127.5,) * 3)


def figures(db: float, whole: float | None = None, ratio: float = 1.0, clipped: float = 0.0) -> SignalFigures:
    return SignalFigures(db if whole is None else whole, db, 0.0, ratio, clipped)


def report(*layers: tuple[str, str, tuple[str, ...], SignalFigures | None]) -> TensorReport:
    known = [LayerSignal(n, op, i, ins, f) for i, (n, op, ins, f) in enumerate(layers) if f is not None]
    graph = {name: inputs for name, _, inputs, _ in layers}
    ops = {name: op for name, op, _, _ in layers}
    return TensorReport(tuple(known), graph, ops, len(layers), len(known), 0, 8)


def blamed(found: TensorReport) -> list[str]:
    return [lost.layer.name for lost in find_losses(found)]


# Signal


@given(step=st.floats(1e-3, 0.3), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=30)
def test_rounding_to_a_grid_costs_the_power_of_its_step(step: float, seed: int) -> None:
    # Rounding errors are uniform over a step; their power is step^2 / 12 (Widrow and Kollar, 2008, ch. 3).
    exact = np.random.default_rng(seed).normal(0, 1, (4, 20_000))
    signal = Signal()
    signal.add(exact, np.rint(exact / step) * step)
    found = signal.figures()
    assert found is not None
    assert found.channel_sqnr_db == pytest.approx(10 * math.log10(12 / step**2), abs=0.3)
    assert found.sqnr_db == pytest.approx(found.channel_sqnr_db, abs=0.3)


def test_scores_that_drown_beside_boxes_show_in_the_channels_and_not_in_the_whole() -> None:
    drawn = np.random.default_rng(0)
    exact = np.concatenate([drawn.uniform(0, 640, (4, 500)), drawn.uniform(0, 1, (20, 500)) ** 4])
    step = 640 / 255
    signal = Signal()
    signal.add(exact, np.rint(exact / step) * step)
    found = signal.figures()
    assert found is not None and found.sqnr_db > 40 and found.channel_sqnr_db <= 0.1
    assert found.range_ratio > 500


def test_equal_tensors_have_the_highest_figure_and_constants_none() -> None:
    same, constant = Signal(), Signal()
    values = np.random.default_rng(1).normal(size=(3, 50))
    same.add(values, values)
    constant.add(np.ones((3, 50)), np.ones((3, 50)))
    found = same.figures()
    assert found is not None and found.channel_sqnr_db == HIGHEST_DB and found.clipped == 0
    assert constant.figures() is None


def test_values_that_the_integers_do_not_reach_are_counted() -> None:
    exact = np.linspace(0, 10, 1001)[None]
    signal = Signal()
    signal.add(exact, np.minimum(exact, 5))
    found = signal.figures()
    # 1% of the range counts as rounding.
    assert found is not None and found.clipped == pytest.approx(0.495, abs=0.002)


@pytest.mark.parametrize(
    ("shape", "axis", "channels"),
    [
        ((1, 5, 7, 3), -1, 3),
        ((1, 3, 5, 7), 1, 3),
        ((1, 84, 2100), 1, 84),
        ((1, 400, 12), 1, 12),
        ((6,), 1, 1),
    ],
)
def test_channels_are_the_axis_of_the_layout(shape: tuple[int, ...], axis: int, channels: int) -> None:
    values = np.arange(math.prod(shape)).reshape(shape)
    rows = by_channel(values, axis)
    assert rows.shape == (channels, math.prod(shape) // channels)
    assert sorted(rows.ravel()) == list(range(math.prod(shape)))


# Pairs of layers


def layer(name: str, op: str, *inputs: str, tensor: str = "", shape: tuple[int, ...] = ()) -> GraphLayer:
    return GraphLayer(name, op, tensor or name, shape, inputs)


def test_layers_are_paired_by_tensor_or_name_and_the_rest_by_place() -> None:
    floats = [layer("a", "CONV_2D"), layer("b", "ADD", "a"), layer("c", "CONV_2D", "b", shape=(1, 8))]
    other = [layer("a", "CONV_2D"), layer("b_quant", "ADD", "a"), layer("x", "CONV_2D", "b", shape=(1, 8))]
    pairs = pair_layers(floats, other)
    assert pairs.names == {"a": "a", "b": "b_quant", "c": "x"}
    assert (pairs.num_by_name, pairs.num_by_place) == (1, 2)


def test_a_name_that_now_means_another_operator_is_no_pair() -> None:
    assert pair_layers([layer("a", "CONV_2D")], [layer("a", "ADD")]).names == {}


def test_a_convolution_may_have_swallowed_what_follows_it() -> None:
    floats = [layer("conv", "Conv"), layer("norm", "Mul", "conv"), layer("act", "Clip", "norm"),
              layer("next", "Conv", "act")]  # fmt: skip
    assert followers(floats, {"conv", "next"}) == {"conv": ("norm", "act"), "next": ()}
    # An activation that is still there was not swallowed.
    assert followers(floats, {"conv", "act", "next"})["conv"] == ("norm",)


# Which layer is blamed


def test_the_first_drop_is_blamed_and_not_the_lowest_figure() -> None:
    found = report(
        ("stem", "CONV_2D", (), figures(35)),
        ("wide", "CONV_2D", ("stem",), figures(6)),
        ("next", "CONV_2D", ("wide",), figures(3)),
        ("end", "RESHAPE", ("next",), figures(-4)),
    )
    (lost,) = find_losses(found)
    assert (lost.layer.name, lost.before_db, lost.is_sudden) == ("wide", 35, True)


def test_a_loss_that_a_residual_path_puts_right_is_not_blamed() -> None:
    found = report(
        ("stem", "CONV_2D", (), figures(35)),
        ("branch", "CONV_2D", ("stem",), figures(2)),
        ("add", "ADD", ("stem", "branch"), figures(25)),
        ("boxes", "CONV_2D", ("add",), figures(20)),
        ("scores", "CONV_2D", ("add",), figures(5)),
    )
    assert blamed(found) == ["scores"]


def test_a_healthy_build_has_no_loss() -> None:
    assert blamed(report(("a", "CONV_2D", (), figures(30)), ("b", "CONV_2D", ("a",), figures(16)))) == []


def test_layers_without_a_pair_are_looked_through() -> None:
    found = report(
        ("a", "Conv", (), figures(30)), ("gap", "Mul", ("a",), None), ("b", "Conv", ("gap",), figures(1))
    )
    (lost,) = find_losses(found)
    assert lost.before_db == 30


def test_what_fades_bit_by_bit_is_no_sudden_loss() -> None:
    found = report(("a", "CONV_2D", (), figures(12)), ("b", "CONV_2D", ("a",), figures(9)))
    (lost,) = find_losses(found)
    assert not lost.is_sudden


def test_the_head_is_all_that_follows_a_layer() -> None:
    found = report(("a", "X", (), None), ("b", "X", ("a",), None), ("c", "X", ("a",), None),
                   ("d", "X", ("b",), None))  # fmt: skip
    assert layers_behind(found, ("b",)) == ("b", "d")


# Cures


def found_cures(
    recipe: Recipe, found: TensorReport, kind: SourceKind = "keras", num_images: int = 100
) -> tuple[Cure, ...]:
    means = Means(kind, "onnxruntime" if kind == "onnx" else "litert", num_images)
    return find_cures(recipe, means, found, find_losses(found))


def cures(recipe: Recipe, found: TensorReport, kind: SourceKind = "keras") -> list[dict[str, object]]:
    return [cure.options for cure in found_cures(recipe, found, kind)]


# What is always tried at last.
WIDE = {"precision": "int16x8"}

ILL = report(
    ("a", "CONV_2D", (), figures(35)),
    ("b", "CONV_2D", ("a",), figures(6, ratio=400)),
    ("c", "CONV_2D", ("b",), figures(3)),
)
SHARED = report(
    ("boxes", "CONV_2D", (), figures(30)),
    ("scores", "LOGISTIC", (), figures(30)),
    ("joined", "CONCATENATION", ("boxes", "scores"), figures(0, whole=45, ratio=600)),
)


def test_channels_of_very_different_reach_are_equalised_first() -> None:
    assert cures(Recipe("int8", "int8"), ILL) == [
        {"precision": "int8", "equalize": True},
        {"precision": "int8", "keep_float": ["b", "c"]},
        WIDE,
    ]


def test_a_file_that_cannot_be_equalised_keeps_layers_in_float() -> None:
    assert cures(Recipe("int8", "int8"), ILL, "tflite") == [
        {"precision": "int8", "keep_float": ["b", "c"]},
        WIDE,
    ]


def test_outputs_that_share_a_scale_are_kept_in_float_and_then_the_whole_head() -> None:
    found = found_cures(Recipe("int8", "int8"), SHARED, "tflite")
    assert "share one scale in 'joined'" in found[0].reason
    assert [cure.options.get("keep_float") for cure in found] == [["joined"], ["scores", "joined"], None]


def test_a_scale_may_be_shared_behind_the_layer_that_first_loses_to_it() -> None:
    # LiteRT gives what a concatenation reads its scale already.
    found = report(
        ("boxes", "CONV_2D", (), figures(30)),
        ("logits", "CONV_2D", (), figures(30)),
        ("shaped", "RESHAPE", ("logits",), figures(3)),
        ("joined", "CONCATENATION", ("boxes", "shaped"), figures(3, whole=34)),
    )
    cure, *_ = found_cures(Recipe("int8", "int8"), found, "tflite")
    assert "'joined'" in cure.reason and cure.options["keep_float"] == ["shaped", "joined"]


def test_a_reason_keeps_the_layers_that_it_names_however_far_behind_the_loss_they_are() -> None:
    chain = [("c0", "Conv", (), figures(30)), ("gate", "Sigmoid", ("c0",), figures(2))]
    chain += [("c1", "Conv", ("gate",), figures(2))]
    chain += [(f"c{i}", "Conv", (f"c{i - 1}",), figures(2)) for i in range(2, 40)]
    chain += [("logits", "Sigmoid", ("c39",), figures(2)), ("boxes", "Mul", ("c0",), figures(30))]
    chain += [("joined", "Concat", ("boxes", "logits"), figures(2, whole=40, ratio=600))]
    chain += [("turned", "Transpose", ("joined",), figures(2))]
    first, second, *_ = [c for c in found_cures(Recipe("int8", "int8"), report(*chain), "onnx")
                         if "keep_float" in c.options]  # fmt: skip
    assert "in 'joined';" in first.reason
    assert first.options["keep_float"] == ["logits", "joined", "turned"]
    # The lost layer alone is another cure, with another reason.
    assert second.reason == "the layers that lose the signal stay in float"
    assert second.options["keep_float"] == ["gate"]


def test_joins_within_the_network_are_kept_alone_and_all_are_named() -> None:
    found = report(
        ("a", "CONV_2D", (), figures(30)),
        ("mid", "CONCATENATION", ("a",), figures(2, whole=40)),
        ("b", "CONV_2D", ("mid",), figures(2)),
    )
    cure = found_cures(Recipe("int8", "int8"), found, "tflite")[0]
    assert "in 'mid';" in cure.reason and cure.options["keep_float"] == ["mid"]


RECTIFIED = report(
    ("early", "Conv", (), figures(20)),
    ("conv", "Conv", ("early",), figures(12)),
    ("relu", "Relu", ("conv",), figures(4)),
    ("last", "Conv", ("relu",), figures(3)),
)


def test_where_weights_alone_are_quantized_the_kernel_before_a_lost_layer_is_kept() -> None:
    assert cures(Recipe("int4", "int4"), RECTIFIED, "onnx") == [
        {"precision": "int4", "equalize": True},
        {"precision": "int4", "keep_8bit": ["conv"]},
        {"precision": "int4", "keep_8bit": ["conv", "last"]},
        {"precision": "int4", "keep_8bit": ["early", "conv"]},
        {"precision": "int4", "keep_float": ["conv"]},
        {"precision": "dynamic"},
    ]
    assert cures(Recipe("dynamic", "dynamic"), RECTIFIED, "onnx") == [
        {"precision": "dynamic", "keep_float": ["conv"]}
    ]


def test_layers_that_a_recipe_keeps_already_stay_kept() -> None:
    recipe = Recipe("some", "dynamic", keep_float=("early",))
    assert cures(recipe, RECTIFIED, "onnx")[0]["keep_float"] == ["early", "conv"]


def test_more_images_are_advised_only_where_there_are_more() -> None:
    found, recipe = report(("a", "CONV_2D", (), figures(2))), Recipe("few", "int8")
    assert not any("calibration images" in c.reason for c in found_cures(recipe, found, num_images=16))
    recipe = Recipe("few", "int8", calibration=Calibration(images=16))
    cure = found_cures(recipe, found, num_images=60)[0]
    assert cure.reason == "ranges were found on 16 of 60 calibration images"
    assert cure.options == {"precision": "int8"}


@pytest.mark.parametrize(
    "calibration",
    [Calibration(source="noise"), Calibration(images=1), Calibration(method="percentile")],
)
def test_bad_calibration_is_mended_before_anything_else(calibration: Calibration) -> None:
    found = report(("a", "Conv", (), figures(2, clipped=0.2)))
    cure = found_cures(Recipe("bad", "int8", calibration=calibration), found, "onnx")[0]
    assert cure.options == {"precision": "int8"}


def test_one_scale_for_all_channels_is_split_and_other_options_stay() -> None:
    recipe = Recipe("coarse", "int8", granularity="per_tensor", io="float32")
    assert cures(recipe, report(("a", "CONV_2D", (), figures(2))))[0] == {
        "precision": "int8",
        "io": "float32",
    }


def test_lost_layers_far_from_the_end_are_kept_alone() -> None:
    chain = [("l0", "CONV_2D", (), figures(1))]
    chain += [(f"l{i}", "CONV_2D", (f"l{i - 1}",), figures(1)) for i in range(1, 40)]
    assert cures(Recipe("int8", "int8"), report(*chain), "onnx") == [
        {"precision": "int8", "keep_float": ["l0"]},
        {"precision": "int8", "calibration": {"method": "percentile"}},
        WIDE,
    ]


def test_a_lost_layer_knows_its_figures() -> None:
    assert Lost(ILL.layers[1], None).is_sudden


# In a process, on small real files


def artifact(path: Path) -> Artifact:
    return Artifact(str(path), "0" * 64, 1, 1, FileFacts("fp32"))


def test_small_files_are_compared_in_a_process_of_their_own(sample: Sample) -> None:
    images = sample.data.images[:3]
    exact, coarse = (artifact(TINY / f"tiny_{name}.tflite") for name in ("float", "int8"))
    found = compare_files(exact, coarse, images, FEED)
    assert found.num_layers == found.num_by_name + found.num_by_place > 0
    assert all(20 < layer.figures.channel_sqnr_db < 60 for layer in found.layers)
    assert find_losses(found) == ()
    same = compare_files(exact, exact, images, FEED)
    assert {layer.figures.sqnr_db for layer in same.layers} == {HIGHEST_DB}


def test_a_file_that_cannot_be_run_is_an_error_with_its_name(sample: Sample, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes((TINY / "tiny_int8.tflite").read_bytes()[:900])
    with pytest.raises(ModelError, match=r"broken\.tflite.*cannot be compared"):
        compare_files(artifact(TINY / "tiny_float.tflite"), artifact(broken), sample.data.images[:1], FEED)
