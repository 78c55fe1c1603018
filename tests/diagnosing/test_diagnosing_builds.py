"""Collapsed INT8 builds: diagnosing names the cure, and the cure, run as a recipe, brings the AP back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import bench
from bench.cli import EXIT_GOOD, main
from bench.cli.diagnosis_text import as_text
from bench.diagnosing.choice import choose
from bench.diagnosing.settings import as_yaml
from bench.diagnosing.suite import diagnose_suite
from bench.running.listener import Silent
from bench.suite import load_suite

SUITE = """
name: hard
model: {{keras: {path}, name: hard, detector: {detector}}}
data: {{rendered: {{evaluation: 80, calibration: 60, training: 2}}}}
matrix: {{precision: [fp32, int8], runtime: [{runtime}]}}
measure: {{rounds: 1, warmup: 1, calls: 2, images: 2}}
"""

LABELS = "labels: {offset: 1, count: 8}"
MODELS = {
    "ill_scaled": ("write_ill_scaled", f"{{family: ltrb, input: {{size: 160}}, {LABELS}}}", "equalize"),
    "shared_output": (
        "write_shared_output",
        "{family: yolov8, input: {size: 160, resize: stretch, mean: 127.5, std: 127.5}, "
        f"options: {{normalized: false}}, {LABELS}}}",
        "keep_float",
    ),
}


@given(st.text(min_size=1, max_size=40).filter(str.isprintable) | st.sampled_from(["no", "True", "1e5", "~"]))
@settings(deadline=None, max_examples=50)
def test_a_layer_s_name_reads_back_from_the_lines_to_paste(name: str) -> None:
    assert yaml.safe_load(f"cured: {as_yaml({'keep_float': [name, 'b']})}") == {
        "cured": {"keep_float": [name, "b"]}
    }


@pytest.mark.slow
@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
@pytest.mark.parametrize("name", MODELS)
def test_the_cure_of_a_collapsed_build_brings_its_accuracy_back(
    name: str, runtime: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, detector, option = MODELS[name]
    # In a process of its own: Keras takes memory that it does not give back.
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import hard_models as m; "
    code += f"from pathlib import Path; m.{write}(Path({str(tmp_path / 'hard.keras')!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    path = tmp_path / "hard.yaml"
    text = SUITE.format(path=tmp_path / "hard.keras", detector=detector, runtime=runtime)
    path.write_text(text)
    suite = load_suite(path)
    (result,) = diagnose_suite(suite, choose(suite), 40, Silent())
    (found,) = result.builds
    with capsys.disabled():
        print(f"\n{as_text(result, str(path))}")
    assert result.diagnosis is not None and result.diagnosis.verdict == "right"
    assert found.is_far_below and found.value < 0.9 * found.float_value
    assert found.named is not None and option in found.named.options
    # The lines as they are printed, pasted into the suite.
    path.write_text(text.replace("[fp32, int8]", "[fp32, int8, cured]") + "\n".join(found.named.lines) + "\n")
    assert main(["run", str(path), "--results", str(tmp_path / "results"), "--quiet"]) == EXIT_GOOD
    frame = bench.load_results(tmp_path / "results").set_index("recipe")
    values = frame["map_50_95"]
    with capsys.disabled():
        print(values.to_string())
    assert values["int8"] < 0.9 * values["fp32"] and values["cured"] > 0.97 * values["fp32"]
