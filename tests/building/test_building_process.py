"""Building happens in processes that may crash, hang or fail; the other requests get their files."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from building_requests import given_request, keras_request
from onnx import TensorProto, helper, numpy_helper

from bench.building import ArtifactStore, BuildFailure, BuildRequest, build_artifacts, build_key
from bench.building.session import Session
from bench.core.artifact import Artifact
from bench.core.recipe import Calibration, Recipe

# Behaves as the recipe's name says; journals like the real worker.
FAKE_WORKER = """
import json, os, signal, sys, time
from pathlib import Path
from bench.core.artifact import Artifact, FileFacts
from bench.wire.codec import to_json
from bench.wire.journal import JournalWriter
folder = Path(sys.argv[1])
journal = JournalWriter(folder)
def tell(kind, **values):
    journal.append(kind, key=key, **values)
    os.write(1, b".")
for key, request in json.loads((folder / "requests.json").read_text())["requests"].items():
    name = request["recipe"]["name"]
    if name == "import error":
        raise ImportError("no such module")
    tell("started", log_bytes=os.fstat(2).st_size)
    print("working on", name, file=sys.stderr, flush=True)
    if name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "hang":
        time.sleep(60)
    if name == "exit":
        sys.exit(3)
    if name == "broken":
        tell("failed", error_type="BuildError", message="it broke", is_unavailable=False)
    else:
        tell("result", artifact=to_json(Artifact(name, "0", 1, 1, FileFacts("fp32"))), seconds=0.1)
"""


def run_fake(
    tmp_path: Path, names: list[str], timeout_seconds: float = 30.0
) -> tuple[dict[str, Any], list[Any]]:
    """Build requests with these recipe names in the fake worker; return outcomes by name, and all events."""
    script = tmp_path / "fake_worker.py"
    script.write_text(FAKE_WORKER)
    requests = {name: keras_request(tmp_path / "m.keras", Recipe(name, "fp32")) for name in names}
    events: list[Any] = []
    session = Session(
        ArtifactStore(tmp_path / "cache"),
        tmp_path / "work",
        timeout_seconds,
        events.append,
        command=[sys.executable, str(script)],
    )
    return session.build(requests), events


def test_a_crash_fails_its_own_request_only(tmp_path: Path) -> None:
    outcomes, _ = run_fake(tmp_path, ["first", "crash", "last"])
    assert isinstance(outcomes["first"], Artifact)
    assert isinstance(outcomes["last"], Artifact)
    crash = outcomes["crash"]
    assert isinstance(crash, BuildFailure)
    assert crash.reason == "building was killed by SIGSEGV"
    assert crash.stderr_tail == ("working on crash",)
    assert not crash.is_unavailable


def test_a_request_that_hangs_is_stopped_at_the_time_limit(tmp_path: Path) -> None:
    started = time.monotonic()
    outcomes, _ = run_fake(tmp_path, ["hang", "last"], timeout_seconds=3.0)
    assert time.monotonic() - started < 25
    assert outcomes["hang"].reason == "building took longer than the limit of 3 s and was stopped"
    assert isinstance(outcomes["last"], Artifact)


def test_a_failure_that_is_reported_keeps_the_process_going(tmp_path: Path) -> None:
    outcomes, events = run_fake(tmp_path, ["broken", "last"])
    assert outcomes["broken"].reason == "it broke"
    assert isinstance(outcomes["last"], Artifact)
    assert [event["type"] for event in events] == ["started", "failed", "started", "result"]
    assert len(list((tmp_path / "work").iterdir())) == 1


def test_a_process_that_never_gets_to_work_fails_all_its_requests(tmp_path: Path) -> None:
    outcomes, _ = run_fake(tmp_path, ["import error", "last"])
    assert outcomes["last"].reason == "the building process did not start: it ended with exit code 1"
    assert outcomes["last"].stderr_tail[-1] == "ImportError: no such module"


def test_an_exit_in_the_middle_of_a_request_is_a_failure(tmp_path: Path) -> None:
    outcomes, _ = run_fake(tmp_path, ["exit"])
    assert outcomes["exit"].reason == "building ended with exit code 3"


def write_model(path: Path) -> Path:
    kernel = numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "kernel")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "kernel"], ["scores"])],
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 4, 6, 6])],
        [kernel],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def build(tmp_path: Path, requests: list[BuildRequest]) -> list[Artifact | BuildFailure]:
    outcomes = build_artifacts(requests, ArtifactStore(tmp_path / "cache"), tmp_path / "work")
    return [outcomes[build_key(request)] for request in requests]


def test_a_damaged_given_file_fails_alone(tmp_path: Path) -> None:
    good, bad = write_model(tmp_path / "good.onnx"), write_model(tmp_path / "bad.onnx")
    bad.write_bytes(bad.read_bytes()[:-200])
    requests = [given_request(path) for path in (bad, good, tmp_path / "gone.tflite")]
    damaged, artifact, missing = build(tmp_path, requests)
    assert isinstance(damaged, BuildFailure)
    assert "bad.onnx: not an ONNX model, or damaged" in damaged.reason
    assert isinstance(missing, BuildFailure)
    assert "gone.tflite: the model file cannot be read" in missing.reason
    assert isinstance(artifact, Artifact)
    assert (artifact.path, artifact.facts.precision, artifact.recipe_key) == (str(good), "fp32", "")


def test_a_given_file_of_another_precision_than_declared_fails(tmp_path: Path) -> None:
    (outcome,) = build(tmp_path, [given_request(write_model(tmp_path / "a.onnx"), "int8")])
    assert isinstance(outcome, BuildFailure)
    assert "declared precision int8 does not fit the file, whose tensors are fp32" in outcome.reason


def test_what_is_cached_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = given_request(write_model(tmp_path / "a.onnx"))
    first = build(tmp_path, [request])
    monkeypatch.setattr(Session, "build", lambda *_: pytest.fail("a process was started"))
    assert build(tmp_path, [request]) == first


def test_what_cannot_be_made_is_told_without_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "build", lambda *_: pytest.fail("a process was started"))
    recipe = Recipe("x", "int8", calibration=Calibration(method="entropy"))
    (outcome,) = build(tmp_path, [keras_request(tmp_path / "m.keras", recipe)])
    assert isinstance(outcome, BuildFailure)
    assert outcome.is_unavailable
    assert "minmax only" in outcome.reason


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.keras", "gone.keras: cannot be read"),
        ("model.pt", "expected a .keras or .h5 file"),
        pytest.param("model.h5", "Keras cannot load the model", marks=pytest.mark.slow),
    ],
)
def test_a_keras_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, message: str) -> None:
    for written in ("model.h5", "model.pt"):
        (tmp_path / written).write_bytes(b"x")
    (outcome,) = build(tmp_path, [keras_request(tmp_path / name, Recipe("fp32", "fp32"))])
    assert isinstance(outcome, BuildFailure)
    assert message in outcome.reason
