"""A float .tflite file through ai-edge-quantizer: tensors are what was asked for, outputs stay near, it
runs.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import TfliteWriter
from tiny_networks import SIZE, signal_to_noise, write_network_tflite

from bench.core.recipe import Precision, Recipe
from bench.errors import BuildError
from bench.quantize.check import Expectation, check_export
from bench.quantize.facts import read_facts, read_graph
from bench.quantize.layers import NOTHING_KEPT, KeptLayers
from bench.quantize.litert_edge import edge_notes, quantize_edge
from bench.quantize.pixels import noise_pixels
from bench.quantize.precision import is_per_channel
from bench.quantize.trial import run_once
from bench.wire.description import Preprocess

PREPROCESS = Preprocess(SIZE, SIZE)
PIXELS = noise_pixels(8, PREPROCESS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_network_tflite(tmp_path_factory.mktemp("edge") / "float.tflite")


def make(source: Path, folder: Path, recipe: Recipe, kept: KeptLayers = NOTHING_KEPT) -> tuple[Path, float]:
    """Return the file that a recipe makes, and how near its outputs are to the float ones, in dB."""
    target = folder / "made.tflite"
    target.write_bytes(quantize_edge(source, recipe, kept, PIXELS, PREPROCESS))
    expected, found = (run_once(path, PIXELS[0], PREPROCESS) for path in (source, target))
    assert list(found) == list(expected) == ["scores"]
    return target, signal_to_noise(expected["scores"], found["scores"])


# An n-bit grid gives about 6 dB a bit; three layers of rounding cost some of it.
@pytest.mark.parametrize(
    ("precision", "io", "least", "inputs"),
    [
        ("fp16", "int8", 55, "float32"),
        ("dynamic", "int8", 30, "float32"),
        ("int8", "int8", 28, "int8"),
        ("int8", "float32", 28, "float32"),
        ("int16x8", "int16", 38, "int16"),
        ("int16x8", "float32", 38, "float32"),
        ("int4", "int8", 12, "float32"),
    ],
)
def test_each_recipe_makes_what_its_name_says(
    source: Path, tmp_path: Path, precision: Precision, io: str, least: float, inputs: str
) -> None:
    target, near = make(source, tmp_path, Recipe("x", precision, io=io))  # type: ignore[arg-type]
    facts = read_facts(target)
    assert facts.precision == precision
    assert facts.inputs[0].startswith(f"image {inputs} [1, 16, 16, 3]")
    assert facts.outputs[0].startswith(f"scores {inputs} [1, 16, 16, 8]")
    assert least < near


def test_int4_leaves_depthwise_kernels_at_8_bits(source: Path, tmp_path: Path) -> None:
    target, _ = make(source, tmp_path, Recipe("int4", "int4"))
    kinds = {op.op: op.weight for op in read_graph(target).weighted}
    assert kinds == {"CONV_2D": "int4", "DEPTHWISE_CONV_2D": "int8"}
    assert "depthwise" in " ".join(edge_notes(Recipe("int4", "int4"), NOTHING_KEPT))


def test_nothing_left_at_4_bits_is_told_with_the_cure(source: Path, tmp_path: Path) -> None:
    recipe = Recipe("int4", "int4", keep_8bit=("*",))
    target, _ = make(source, tmp_path, recipe, KeptLayers(at_8_bits=("stem", "wise", "scores")))
    expected = Expectation(recipe, PIXELS[0], PREPROCESS, is_converted=False)
    with pytest.raises(
        BuildError, match=r"nothing is left at 4 bits: .* name fewer layers, or use precision"
    ):
        check_export(target, expected)


@pytest.mark.parametrize("precision", ["dynamic", "int8", "mixed", "int16x8", "int4"])
def test_layers_kept_in_float_have_float_kernels_and_outputs(
    source: Path, tmp_path: Path, precision: Precision
) -> None:
    io = "int16" if precision == "int16x8" else "int8"
    recipe = Recipe("x", precision, io=io, keep_float=("scores",))  # type: ignore[arg-type]
    target, near = make(source, tmp_path, recipe, KeptLayers(in_float=("scores",)))
    kernels = [op.weight for op in read_graph(target).weighted]
    assert kernels[-1] == "float32" and "float32" not in kernels[:-1]
    assert read_facts(target).outputs == ("scores float32 [1, 16, 16, 8]",)
    assert near > 12


def test_layers_kept_at_8_bits_are_so_and_come_nearer(source: Path, tmp_path: Path) -> None:
    recipe = Recipe("int4", "int4")
    _, plain = make(source, tmp_path, recipe)
    target, kept = make(source, tmp_path, recipe, KeptLayers(at_8_bits=("scores",)))
    assert [op.weight for op in read_graph(target).weighted] == ["int4", "int8", "int8"]
    assert kept > plain + 1


def test_one_layer_of_an_int16_network_can_work_at_8_bits(source: Path, tmp_path: Path) -> None:
    recipe = Recipe("int16x8", "int16x8", io="float32")
    target, _ = make(source, tmp_path, recipe, KeptLayers(at_8_bits=("wise",)))
    assert [op.activation for op in read_graph(target).weighted] == ["int16", "int8", "int16"]
    assert read_facts(target).precision == "mixed"


def test_one_scale_a_tensor_is_one_scale_a_tensor(source: Path, tmp_path: Path) -> None:
    target, _ = make(source, tmp_path, Recipe("x", "int8", granularity="per_tensor"))
    kernels = [op for op in read_graph(target).weighted if op.op == "CONV_2D"]
    assert not is_per_channel(kernels)
    target, _ = make(source, tmp_path, Recipe("x", "int8"))
    assert is_per_channel(read_graph(target).weighted)


def test_ranges_are_the_smallest_and_largest_values_seen(source: Path, tmp_path: Path) -> None:
    target, _ = make(source, tmp_path, Recipe("int8", "int8"))
    (line,) = read_facts(target).inputs
    lowest, highest = PIXELS.min() / 255, PIXELS.max() / 255
    assert float(line.split(" scale ")[1].split()[0]) == pytest.approx((highest - lowest) / 255, rel=1e-3)


def test_the_float_file_stays_as_it_was(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    make(source, tmp_path, Recipe("int8", "int8"), KeptLayers(("wise",)))
    assert source.read_bytes() == before


def test_integer_activations_of_a_file_that_needs_two_inputs_are_refused(tmp_path: Path) -> None:
    writer = TfliteWriter()
    first, second = (writer.tensor(name, "FLOAT32", (1, 4)) for name in ("a", "b"))
    result = writer.tensor("sum", "FLOAT32", (1, 4))
    writer.operator("ADD", [first, second], [result])
    path = writer.write(tmp_path / "a.tflite", [first, second], [result])
    with pytest.raises(BuildError, match="ai-edge-quantizer refused int8"):
        quantize_edge(path, Recipe("int8", "int8"), NOTHING_KEPT, PIXELS, PREPROCESS)
