"""A model file is opened apart: the caller gets a report, or an error that says what happened."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest
from made_files import write_yolo_onnx

from bench.cli import EXIT_NOT_MEASURED, EXIT_WRONG_USE, main
from bench.errors import ModelError
from bench.inspecting import look_into, looking
from bench.inspecting.contents import read_contents
from bench.inspecting.process import Limits, inspect_in_process

GENEROUS = Limits(8_000_000_000, 60.0)


def stand_in(tmp_path: Path, code: str) -> list[str]:
    """Return the command of a process that misbehaves in the worker's place."""
    script = tmp_path / "misbehave.py"
    script.write_text(code)
    return [sys.executable, str(script)]


def inspect(tmp_path: Path, code: str, seconds: float = 20.0) -> None:
    inspect_in_process(
        tmp_path / "model.onnx", "0" * 64, 1, Limits(1 << 32, seconds), command=stand_in(tmp_path, code)
    )


def test_a_file_that_kills_its_reader_is_an_error_with_the_signal_and_the_last_words(tmp_path: Path) -> None:
    code = "import os, sys; print('tensor 7 is bad', file=sys.stderr, flush=True); os.abort()"
    with pytest.raises(ModelError, match=r"was killed by SIGABRT \(tensor 7 is bad\); the file is damaged"):
        inspect(tmp_path, code)


def test_a_file_that_hangs_its_reader_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time, pathlib;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(tmp_path)!r}, 'child').write_text(str(child.pid)); time.sleep(60)"
    )
    with pytest.raises(ModelError, match=r"took longer than 1\.5 s"):
        inspect(tmp_path, code, seconds=1.5)
    state = Path("/proc", (tmp_path / "child").read_text(), "stat")
    deadline = time.monotonic() + 5
    while is_running(state) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(state)


def is_running(state: Path) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_native_code_that_dies_after_the_reading_leaves_the_report(tmp_path: Path) -> None:
    path = write_yolo_onnx(tmp_path / "model.onnx")
    code = (
        "import sys, bench.inspecting.worker as w, os;"
        "w.try_out = lambda *a: os.abort();"
        "w.main(w.Path(sys.argv[1]))"
    )
    report = inspect_in_process(path, "0" * 64, 1, GENEROUS, command=stand_in(tmp_path, code))
    assert report.facts.precision == "fp32" and report.trial is not None
    assert report.trial.problem == "onnxruntime broke on this file: its process was killed by SIGABRT"


def test_reading_beyond_the_memory_limit_is_an_error_and_no_harm(tmp_path: Path) -> None:
    path = write_yolo_onnx(tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="which ended with exit code 1|took more memory than is allowed"):
        inspect_in_process(path, "0" * 64, 1, Limits(60_000_000, 30.0))


def test_an_archive_that_claims_far_more_than_it_holds_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"\0" * 30_000_000)
    with pytest.raises(ModelError, match=r"model\.weights\.h5 claims 30000000 bytes"):
        read_contents(path, "0" * 64, 1)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.onnx", b"\x08\x07garbage", "not an ONNX model, or damaged"),
        ("b.onnx", b"", "the model file is empty"),
        ("a.tflite", b"\x1c\0\0\0TFL3" + b"\xff" * 64, "damaged or cut short"),
        ("a.keras", b"PK\x03\x04 no archive", "not a Keras model, or damaged"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + b"\xff" * 64, "not a Keras model, or damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_a_damaged_file_is_told(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=says):
        read_contents(tmp_path / name, "0" * 64, len(content))


def test_a_damaged_file_is_told_by_the_command_without_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tflite").write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 64)
    assert main(["inspect", str(tmp_path / "a.tflite")]) == EXIT_NOT_MEASURED
    out = capsys.readouterr()
    assert "damaged or cut short" in out.err and "Traceback" not in out.err and not out.out


@pytest.mark.parametrize(
    ("name", "says"),
    [("missing.onnx", "there is no such file"), ("model.pt", "expected a file that ends in .tflite, .onnx")],
)
def test_what_is_no_model_file_is_told_by_the_command(
    tmp_path: Path, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name.endswith(".pt"):
        (tmp_path / name).write_bytes(b"x")
    assert main(["inspect", str(tmp_path / name)]) == EXIT_WRONG_USE
    assert says in capsys.readouterr().err


def test_a_file_is_looked_into_once_and_never_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_yolo_onnx(tmp_path / "yolo.onnx")
    before = hashlib.sha256(path.read_bytes()).hexdigest(), os.stat(path).st_mtime_ns
    first = look_into(path)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), os.stat(path).st_mtime_ns) == before
    assert first.sha256 == before[0] and first.trial is not None and not first.trial.problem
    assert first.trial.output_shapes == ((1, 84, 84),)
    monkeypatch.setattr(looking, "inspect_in_process", _must_not_be_called)
    assert look_into(path) == first
    assert main(["inspect", "--json", str(path)]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["sha256"] == before[0] and content["tensors"][0]["name"] == "images"
    path.write_bytes(path.read_bytes() + b"\0\0")
    with pytest.raises(AssertionError, match="opened again"):
        look_into(path)


def _must_not_be_called(*arguments: object) -> None:
    raise AssertionError("the file was opened again")


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_yolo_onnx(tmp_path / "yolo.onnx")
    inspect_file = looking.inspect_in_process

    def and_change(*arguments: object) -> object:
        report = inspect_file(*arguments)  # type: ignore[arg-type]
        path.write_bytes(path.read_bytes() + b"\0\0")
        return report

    monkeypatch.setattr(looking, "inspect_in_process", and_change)
    with pytest.raises(ModelError, match="changed while it was read"):
        look_into(path)


def test_texts_of_a_file_cannot_move_the_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_yolo_onnx(tmp_path / "yolo.onnx", notes={"author\x1b[2J": "evil\x1b]0;title\x07"})
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert "evil" in out and "\x1b" not in out and "\x07" not in out


@pytest.mark.parametrize("name", ["a.onnx", "a.tflite", "a.keras"])
def test_a_pipe_is_refused_at_once_for_opening_it_would_wait(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / name)
    assert main(["inspect", str(tmp_path / name)]) == EXIT_WRONG_USE
    assert "expected a regular file or the folder of a SavedModel" in capsys.readouterr().err
