"""What the harness costs: its inference figure beside a bare loop's, and its accuracy pass beside its parts.

Figures are printed and never asserted: they are this machine's of this hour. Everything that is compared is
measured side by side, in fresh processes that take turns.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from performance_models import DESCRIPTION, PerformanceModel, find_models

from bench.core.suite import RenderedData
from bench.datasets.prepare import prepare_data
from bench.detectors import decode_photo, resize, to_input
from bench.hosts.follow import JobOutcome, run_job
from bench.hosts.local import LocalHost
from bench.wire.codec import from_json
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings
from bench.wire.tensor import TensorSpec

PAIRS, WARMUP, CALLS, PHOTOS = 20, 20, 200, 16
# As many as the quickstart evaluates on.
IMAGES = 400

pytestmark = pytest.mark.performance


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("performance")


@pytest.fixture(scope="module")
def images(folder: Path) -> tuple[ImageRef, ...]:
    data = RenderedData(evaluation=IMAGES, calibration=16, training=1)
    return prepare_data(data, folder / "data")[0].images


@pytest.fixture(scope="module")
def models(folder: Path, images: tuple[ImageRef, ...]) -> list[PerformanceModel]:
    made = folder / "models"
    made.mkdir()
    return find_models(made, images)


@pytest.fixture
def host(folder: Path) -> LocalHost:
    return LocalHost(folder / "host")


def run(host: LocalHost, kind: str, model: PerformanceModel, images: Any, **settings: Any) -> JobOutcome:
    """Run one job of the harness, which must succeed."""
    job = Job(
        protocol=PROTOCOL,
        id="performance",
        kind=kind,  # type: ignore[arg-type]
        model=str(model.path),
        runtime=RuntimeSettings(model.runtime),
        description=DESCRIPTION,
        images=tuple(images),
        **settings,
    )
    outcome = run_job(host, job, 600)
    assert outcome.status == "ok", (outcome.reason, outcome.stderr_tail)
    return outcome


def result(outcome: JobOutcome) -> dict[str, Any]:
    found = outcome.event("result")
    assert found is not None
    return found


def save_inputs(host: LocalHost, model: PerformanceModel, images: Any, path: Path) -> Path:
    """Write the very inputs that the harness makes of these photos."""
    checked = result(run(host, "check", model, images[:1]))
    spec = from_json(TensorSpec, checked["inputs"][0])
    photos = [decode_photo(Path(image.path).read_bytes()) for image in images]
    preprocess = DESCRIPTION.preprocess
    np.save(path, np.stack([to_input(resize(photo, preprocess)[0], preprocess, spec) for photo in photos]))
    return path


def load() -> str:
    """Say how busy the machine is: the ratios below hold on a busy one, the times do not."""
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def harness_median(host: LocalHost, model: PerformanceModel, images: Any) -> float:
    options = LatencyOptions(warmup=WARMUP, calls=CALLS, num_images=PHOTOS, with_end_to_end=False)
    return statistics.median(result(run(host, "latency", model, images, latency=options))["inference_ns"])


def bare_median(model: PerformanceModel, inputs: Path) -> float:
    script = Path(__file__).parent / "bare_loop.py"
    command = [
        sys.executable,
        str(script),
        model.runtime,
        str(model.path),
        str(inputs),
        str(WARMUP),
        str(CALLS),
    ]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def litert_benchmark_median(model: PerformanceModel, folder: Path) -> float | None:
    """Return the figure of LiteRT's own tool in ns; None where it is not installed."""
    tool = shutil.which(
        "litert-benchmark", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if tool is None or model.runtime != "litert":
        return None
    answer = folder / "litert_benchmark.json"
    command = [tool, "--model", str(model.path), "--num_runs", str(CALLS), "--warmup_runs", str(WARMUP)]
    command += ["--num_threads", "1", "--result_json", str(answer)]
    subprocess.run(command, capture_output=True, check=True, cwd=folder)
    return float(json.loads(answer.read_text())["latency"]["median_ms"]) * 1e6


def test_inference_beside_a_bare_loop(
    host: LocalHost,
    images: tuple[ImageRef, ...],
    models: list[PerformanceModel],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = [model for model in models if model.precision in ("fp32", "int8")]
    photos = images[:PHOTOS]
    with capsys.disabled():
        print(f"\nInference median, 1 thread, {PAIRS} pairs of fresh processes in random order,")
        print(f"{WARMUP} + {CALLS} calls each, {PHOTOS} photos in rotation; {load()}")
        print(
            "                    harness ms   bare ms   median ratio   ratio of least   litert-benchmark ms"
        )
        for model in chosen:
            _print_pairs(host, model, photos, folder)
        print("  harness and bare loop: Interpreter.invoke / InferenceSession.run;")
        print("  litert-benchmark: CompiledModel.run, on its own random input, median of 3 processes")


def _print_pairs(host: LocalHost, model: PerformanceModel, photos: Any, folder: Path) -> None:
    inputs = save_inputs(host, model, photos, folder / "inputs.npy")
    order, harness, bare = random.Random(0), [], []
    for _ in range(PAIRS):
        sides = [
            lambda: harness.append(harness_median(host, model, photos)),
            lambda: bare.append(bare_median(model, inputs)),
        ]
        order.shuffle(sides)
        for side in sides:
            side()
    ratio = statistics.median(a / b for a, b in zip(harness, bare, strict=True))
    tool = [litert_benchmark_median(model, folder) for _ in range(3)]
    told = "-" if tool[0] is None else f"{statistics.median(value for value in tool if value) / 1e6:.3f}"
    print(
        f"  {model.label:17} {statistics.median(harness) / 1e6:10.3f} {statistics.median(bare) / 1e6:9.3f} "
        f"{ratio:14.4f} {min(harness) / min(bare):16.4f} {told:>21}"
    )


def test_the_accuracy_pass_beside_its_parts(
    host: LocalHost,
    images: tuple[ImageRef, ...],
    models: list[PerformanceModel],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    prepared = str(folder / "prepared")
    rows = [_accuracy_row(host, model, images, prepared) for model in models]
    needed = sum(row["invoke_ns"] + row["postprocess_ns"] for row in rows) + rows[0]["prepare_ns"]
    inside = sum(row["total_ns"] for row in rows)
    wall = sum(row["wall_ns"] for row in rows)
    with capsys.disabled():
        print(f"\nAccuracy pass over {len(images)} photos, ms; {load()}")
        print("                     prepare  convert   invoke  postprocess   total   with process")
        for model, row in zip(models, rows, strict=True):
            names = ("prepare_ns", "convert_ns", "invoke_ns", "postprocess_ns", "total_ns", "wall_ns")
            figures = "  ".join(f"{row[name] / 1e6:8.1f}" for name in names)
            print(f"  {model.label:17} {figures}   {row['prepared']}")
        print(f"  invokes + postprocessing + one preparation {needed / 1e6:10.1f}")
        print(
            f"  all passes                                 {inside / 1e6:10.1f}   ratio {inside / needed:.3f}"
        )
        print(f"  all passes, start of processes included    {wall / 1e6:10.1f}   ratio {wall / needed:.3f}")
    assert [row["prepared"] for row in rows] == ["made"] + ["hit"] * (len(rows) - 1)


def _accuracy_row(host: LocalHost, model: PerformanceModel, images: Any, prepared: str) -> dict[str, Any]:
    start = time.perf_counter_ns()
    row = result(run(host, "accuracy", model, images, prepared=prepared))
    return {**row, "wall_ns": time.perf_counter_ns() - start}
