"""An accuracy pass beside its parts: how much longer it takes than the model alone, or than the slower part.

The parts are those of a pass on one core, one after the other and undisturbed; the pass has all cores and one
thread for the model. Figures are printed and never asserted. Models and photos are those that BENCH_REAL_DATA
names, made-up ones otherwise.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from yolo_like import make_photos, make_yolo_like

from bench.detectors.presets import default_description
from bench.hosts.follow import run_job
from bench.hosts.local import LocalHost
from bench.wire.description import ModelDescription
from bench.wire.job import PROTOCOL, ImageRef, Job, RuntimeSettings

NUM_PHOTOS, REPEATS = 80, 5
# Below it the pass is held against the slower of decoding and inference, above it against inference alone.
SLOW_NS = 20e6
STAGES = ("prepare_ns", "convert_ns", "invoke_ns", "postprocess_ns")

REAL = {
    "yolov5n_640_fp16.tflite": ("yolov5", 640),
    "yolov8n_224_dynamic.tflite": ("yolov8", 224),
    "yolov8n_224_int8.tflite": ("yolov8", 224),
}

pytestmark = pytest.mark.performance


@dataclass(frozen=True)
class Subject:
    """A model to run, and how."""

    path: Path
    runtime: str
    description: ModelDescription


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> list[Subject]:
    if os.environ.get("BENCH_REAL_DATA"):
        folder = Path(os.environ["BENCH_REAL_DATA"]) / "models"
        return [
            Subject(folder / name, "litert", default_description(family, side, side, file_suffix=".tflite"))
            for name, (family, side) in REAL.items()
        ]
    folder, made = tmp_path_factory.mktemp("models"), []
    for name, side, channels, depth in (("large-640", 640, 64, 9), ("small-160", 160, 16, 1)):
        path = folder / f"{name}.onnx"
        make_yolo_like(path, side, channels, depth)
        made.append(Subject(path, "onnxruntime", default_description("yolov8", side, side, 80, ".onnx")))
    return made


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageRef, ...]:
    if not os.environ.get("BENCH_REAL_DATA"):
        return make_photos(tmp_path_factory.mktemp("photos"), NUM_PHOTOS)
    folder = Path(os.environ["BENCH_REAL_DATA"])
    images = json.loads((folder / "instances.json").read_text())["images"]
    paths = {image["id"]: folder / "images" / image["file_name"] for image in images}
    return tuple(
        ImageRef(number, str(path), hashlib.sha256(path.read_bytes()).hexdigest())
        for number, path in paths.items()
    )


@contextmanager
def one_core() -> Iterator[None]:
    """Let this process and those that it starts run on one core only."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run_pass(host: LocalHost, subject: Subject, photos: Any, prepared: str = "") -> dict[str, Any]:
    """Run one accuracy job in a fresh process."""
    settings, description = RuntimeSettings(subject.runtime), subject.description
    job = Job(
        PROTOCOL, "pass", "accuracy", str(subject.path), settings, description, photos, prepared=prepared
    )
    outcome = run_job(host, job, 600)
    assert outcome.status == "ok", (outcome.reason, outcome.stderr_tail)
    result = outcome.event("result")
    assert result is not None
    return result


def least_of(rows: list[dict[str, Any]], name: str) -> float:
    """Return the time per photo of the pass that was least disturbed by other work, in ns."""
    return float(min(row[name] for row in rows)) / float(rows[0]["num_images"])


def test_an_accuracy_pass_takes_hardly_longer_than_its_slowest_part(
    subjects: list[Subject],
    photos: tuple[ImageRef, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("stages can run beside each other on two cores or more, and only Linux can take one away")
    host = LocalHost(tmp_path / "host")
    with capsys.disabled():
        print(
            f"\nAccuracy pass over {len(photos)} photos, ms a photo, least of {REPEATS} passes each;",
            end=" ",
        )
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print("                            one core, one after the other               all cores")
        print("                        prepare  convert   invoke    post    pass      pass   ratio to")
        for subject in subjects:
            for prepared in ("", str(tmp_path / "prepared")):
                _print_row(host, subject, photos, prepared)


def _print_row(host: LocalHost, subject: Subject, photos: Any, prepared: str) -> None:
    if prepared:
        run_pass(host, subject, photos, prepared)
    alone, together = [], []
    for _ in range(REPEATS):
        with one_core():
            alone.append(run_pass(host, subject, photos, prepared))
        together.append(run_pass(host, subject, photos, prepared))
    assert not alone[0]["is_overlapped"]
    parts = {stage: least_of(alone, stage) for stage in STAGES}
    decoding = parts["prepare_ns"]
    inference = parts["convert_ns"] + parts["invoke_ns"] + parts["postprocess_ns"]
    is_slow = parts["invoke_ns"] >= SLOW_NS
    against = parts["invoke_ns"] if is_slow else max(decoding, inference)
    words = "the invokes" if is_slow else f"the slower, {'decoding' if decoding > inference else 'inference'}"
    figures = "".join(f"{parts[stage] / 1e6:9.2f}" for stage in STAGES)
    took = least_of(together, "pass_ns")
    name = f"{subject.path.stem}{' (prepared)' if prepared else ''}"
    print(f"  {name:20} {figures} {least_of(alone, 'pass_ns') / 1e6:8.2f} {took / 1e6:9.2f} ", end="")
    print(f"{took / against:7.3f} {words}{_how(together[0])}")


def _how(result: dict[str, Any]) -> str:
    if not result["is_overlapped"]:
        return ""
    return "; in threads" + (" and a second process" if result["num_beside"] else "")
