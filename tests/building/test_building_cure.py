"""The further recipes on a real detector, in numbers: what each costs, and an ill-scaled network brought
back.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.cli import EXIT_GOOD, main

sys.path.insert(0, str(Path(__file__).parent.parent / "quantize"))

pytestmark = pytest.mark.slow

SUITE = """
name: cure
models:
  - builtin
  - name: ill-scaled
    source: {path}
    detector:
      family: ltrb
      options: {{strides: [8], activation: sigmoid}}
      input: {{size: 160, mean: 127.5, std: 127.5}}
      labels: {{offset: 1, count: 8}}
data: {{rendered: {{evaluation: 200, calibration: 100}}}}
recipes:
  mixed: {{keep_float: ["*scores_predict*", "*boxes_predict*"]}}
  int4-head8: {{precision: int4, keep_8bit: ["*scores_*", "*boxes_*"]}}
  int4-even: {{precision: int4, equalize: true}}
  int8-even: {{precision: int8, equalize: true}}
  tensor: {{precision: int8, granularity: per_tensor}}
  tensor-even: {{precision: int8, granularity: per_tensor, equalize: true}}
matrix:
  precision: [fp32, int8, int8-even]
  runtime: [litert, onnxruntime]
  include:
    - {{model: builtin, precision: [int16x8, mixed, int4, int4-head8, int4-even]}}
    - {{model: ill-scaled, precision: [tensor, tensor-even]}}
measure: {{rounds: 1, warmup: 1, calls: 5, min_calls: 5, images: 4}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], float]:
    """Return map_50_95 by model, recipe and runtime."""
    folder = tmp_path_factory.mktemp("cure")
    script = "import sys; from pathlib import Path; from ill_scaled import write_ill_scaled as w; "
    run_python(script + "print(w(Path(sys.argv[1])))", str(folder / "ill-scaled.keras"))
    (folder / "cure.yaml").write_text(SUITE.format(path=folder / "ill-scaled.keras"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_CACHE", str(folder / "cache"))
        code = main(["run", str(folder / "cure.yaml"), "--results", str(folder / "results"), "--quiet"])
    (path,) = (folder / "results").rglob("records.jsonl")
    accuracies: dict[tuple[str, str, str], float] = {}
    for line in path.read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        assert record["status"] == "ok", f"{record['case']}: {record['reason']} {record['stderr_tail']}"
        model, recipe, runtime = record["case"].split("/")[:3]
        metrics = {metric["name"]: metric["value"] for metric in record["metrics"]}
        accuracies[model, recipe, runtime] = metrics["map_50_95"]
        print(f"{model:<11} {recipe:<12} {runtime:<12} {metrics['map_50_95']:.4f} {metrics['size_bytes']:>8}")
    assert code == EXIT_GOOD
    return accuracies


def run_python(code: str, *arguments: str) -> None:
    """Run Python in a process of its own, so that the tests' process stays free of TensorFlow."""
    import os
    import subprocess

    places = [str(Path(__file__).parent.parent / "quantize"), str(Path(__file__).parent.parent.parent)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, env=environment)


RUNTIMES = ("litert", "onnxruntime")


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_int16x8_loses_no_accuracy(found: dict[tuple[str, str, str], float], runtime: str) -> None:
    assert found["builtin", "int16x8", runtime] == pytest.approx(found["builtin", "fp32", runtime], abs=0.003)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_head_kept_in_float_and_balanced_channels_cost_a_healthy_network_nothing(
    found: dict[tuple[str, str, str], float], runtime: str
) -> None:
    for recipe in ("mixed", "int8-even"):
        assert found["builtin", recipe, runtime] > found["builtin", "int8", runtime] - 0.005


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_int4_costs_accuracy_and_layers_kept_at_8_bits_bring_some_back(
    found: dict[tuple[str, str, str], float], runtime: str
) -> None:
    assert 0.3 < found["builtin", "int4", runtime] < found["builtin", "fp32", runtime] - 0.02
    assert found["builtin", "int4-head8", runtime] > found["builtin", "int4", runtime]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_ill_scaled_network_is_the_same_in_float(
    found: dict[tuple[str, str, str], float], runtime: str
) -> None:
    assert found["ill-scaled", "fp32", runtime] == pytest.approx(found["builtin", "fp32", runtime], abs=0.005)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("plain", "even"), [("int8", "int8-even"), ("tensor", "tensor-even")])
def test_an_ill_scaled_network_collapses_in_int8_and_equalising_brings_it_back(
    found: dict[tuple[str, str, str], float], runtime: str, plain: str, even: str
) -> None:
    full = found["ill-scaled", "fp32", runtime]
    assert found["ill-scaled", plain, runtime] < full - 0.15
    assert found["ill-scaled", even, runtime] > full - (0.03 if plain == "int8" else 0.1)
