"""Layers are named as diagnosis names them, and a pattern that fits none is an error that helps."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from tiny_networks import write_network_onnx, write_network_tflite

from bench.errors import BuildError, ModelError
from bench.quantize.layers import KeptLayers, Layer, choose_layers, layer_names, read_layers, require_weights

LAYERS = [
    Layer("stem/conv", "CONV_2D"),
    Layer("head/boxes;head/bias", "CONV_2D"),
    Layer("head/scores[0]", "CONV_2D"),
]


def test_layers_of_a_tflite_file_are_called_as_their_outputs(tmp_path: Path) -> None:
    path = write_network_tflite(tmp_path / "a.tflite")
    assert layer_names(path) == ["stem", "wise", "scores"]
    assert read_layers(path)[1].op == "DEPTHWISE_CONV_2D"


def test_layers_of_an_onnx_file_are_called_as_their_nodes(tmp_path: Path) -> None:
    path = write_network_onnx(tmp_path / "a.onnx")
    assert layer_names(path) == ["stem", "stem_relu", "wise", "wise_relu", "scores", "boxes", "joined"]


def test_nodes_without_a_name_or_with_another_s_are_called_by_type_and_place(tmp_path: Path) -> None:
    model = onnx.load(str(write_network_onnx(tmp_path / "a.onnx")))
    model.graph.node[0].name, model.graph.node[2].name, model.graph.node[4].name = "", "twice", "twice"
    onnx.save(model, str(tmp_path / "b.onnx"))
    names = layer_names(tmp_path / "b.onnx")
    assert names[:5] == ["Conv_0", "stem_relu", "twice_2", "wise_relu", "twice_4"]


def test_patterns_are_over_the_whole_name_and_a_name_fits_itself() -> None:
    assert choose_layers(["head/*"], [], LAYERS).in_float == ("head/boxes;head/bias", "head/scores[0]")
    assert choose_layers(["head/scores[0]"], [], LAYERS).in_float == ("head/scores[0]",)
    with pytest.raises(BuildError, match="fits no layer"):
        choose_layers(["stem"], [], LAYERS)


def test_float_wins_over_8_bits() -> None:
    assert choose_layers(["head*"], ["*"], LAYERS) == KeptLayers(
        ("head/boxes;head/bias", "head/scores[0]"), ("stem/conv",)
    )


def test_layers_without_weights_change_nothing_where_weights_alone_are_quantized() -> None:
    layers = [*LAYERS, Layer("joined", "CONCATENATION"), Layer("Conv_0", "Conv")]
    with pytest.raises(BuildError, match=r"keep_float: none of the 1 layers .* joined \(CONCATENATION\)"):
        require_weights(KeptLayers(("joined",)), layers)
    require_weights(KeptLayers(("joined", "stem/conv"), ("Conv_0",)), layers)


def test_a_pattern_that_fits_nothing_names_the_nearest_layers() -> None:
    with pytest.raises(BuildError) as caught:
        choose_layers([], ["*boxs*"], LAYERS)
    assert str(caught.value) == (
        "keep_8bit: '*boxs*' fits no layer of the float model. Nearest of 3: head/boxes;head/bias (CONV_2D); "
        "stem/conv (CONV_2D); head/scores[0] (CONV_2D)"
    )


@pytest.mark.parametrize("name", ["a.tflite", "a.onnx"])
def test_a_damaged_file_has_no_layers_but_a_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(ModelError, match="its layers cannot be read"):
        layer_names(tmp_path / name)
