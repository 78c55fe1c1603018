"""Decode families of installed packages: found, used by a job in its own process, and never trusted blindly.

A package is "installed" here as installers leave it: its module beside a `.dist-info` folder, on the path.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.core.suite import Suite
from bench.detectors.families import FAMILIES, load_family
from bench.detectors.plug_ins import load_plug_in, origin_of, plug_in_names
from bench.errors import ModelError, SuiteError
from bench.suite import load_suite
from bench.wire.codec import to_json
from bench.wire.job import PROTOCOL, ImageRef, Job, RuntimeSettings
from bench.wire.journal import read_events

EXAMPLE = Path(__file__).parent / "example"
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package of one module and one family into a fresh folder."""

    def installer(source: str, name: str = "some-package", family: str = "corners", target: str = "") -> Path:
        folder = tmp_path / f"site-{name}"
        folder.mkdir()
        module = name.replace("-", "_")
        (folder / f"{module}.py").write_text(source)
        info = folder / f"{module}-1.2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.0\n")
        (info / "entry_points.txt").write_text(
            f"[bench.families]\n{family} = {target or f'{module}:Corners'}\n"
        )
        monkeypatch.syspath_prepend(str(folder))
        return folder

    return installer


@pytest.fixture
def example(install: Install) -> Path:
    """Install the example package as its pyproject describes it; returns the folder."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    ((family, target),) = project["project"]["entry-points"]["bench.families"].items()
    assert project["tool"]["setuptools"]["py-modules"] == [target.partition(":")[0]]
    source = (EXAMPLE / f"{target.partition(':')[0]}.py").read_text()
    return install(source, project["project"]["name"], family, target)


def suite_of(detector: str, folder: Path) -> Suite:
    """Load a suite whose one model is `m.onnx`, an empty file unless it is there."""
    (folder / "m.onnx").touch()
    path = folder / "s.yaml"
    path.write_text(
        f"name: s\nmodel: {{onnx: m.onnx, precision: fp32, detector: {detector}}}\ndata: rendered\n"
    )
    return load_suite(path, {})


def test_a_package_s_family_is_named_in_a_suite_like_any_other(example: Path, tmp_path: Path) -> None:
    assert plug_in_names() == ["corners"] and origin_of("corners") == "bench-family-corners 1.2.0"
    detector = "{family: corners, input: {size: 64}, options: {swapped: true}}"
    description = suite_of(detector, tmp_path).models[0].description
    assert description.decode.family == "corners" and description.decode.options == {"swapped": True}
    assert description.preprocess.std == (1.0, 1.0, 1.0) and description.category_ids == (1,)
    assert suite_of("corners", tmp_path).models[0].description.preprocess.width == 0


def test_its_options_are_checked_like_any_other_s(example: Path, tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        suite_of("{family: corners, options: {swaped: true}}", tmp_path)
    assert "family corners has no such option, did you mean 'swapped'?" in str(caught.value)
    with pytest.raises(SuiteError, match="options.swapped: got 1, expected true or false"):
        suite_of("{family: corners, options: {swapped: 1}}", tmp_path)


def test_a_mistyped_name_is_answered_with_a_package_s_family(example: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no family 'corner', did you mean 'corners'"):
        load_family("corner")
    with pytest.raises(SuiteError, match="unknown name 'corner', did you mean 'corners'"):
        suite_of("corner", tmp_path)


def test_where_the_package_is_missing_the_error_says_what_to_install() -> None:
    with pytest.raises(
        ModelError, match=r"must be installed on this machine too \(entry points bench.families\)"
    ):
        load_family("corners")
    assert load_plug_in("corners") is None and origin_of("corners") == ""


def test_a_built_in_name_cannot_be_shadowed(install: Install) -> None:
    install("raise SystemError('never imported')", family="yolov8")
    assert load_family("yolov8").__module__ == FAMILIES["yolov8"].partition(":")[0]  # type: ignore[attr-defined]
    assert origin_of("yolov8") == ""


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1 / 0", "cannot be loaded: ZeroDivisionError"),
        ("class Other: pass", "cannot be loaded: AttributeError"),
        ("class Corners: OPTIONS = ()", "is no decode family: it lacks preset, candidates"),
    ],
)
def test_a_broken_package_is_named_and_the_suite_says_where_it_is_meant(
    install: Install, tmp_path: Path, source: str, message: str
) -> None:
    # A module once imported stays, so each package has a name of its own.
    name = f"broken-{abs(hash(source))}"
    install(source, name)
    with pytest.raises(ModelError) as caught:
        load_family("corners")
    assert f"family 'corners' of package {name} 1.2.0" in str(caught.value) and message in str(caught.value)
    with pytest.raises(SuiteError, match=r"s.yaml:2 model.detector.family: family 'corners' of package"):
        suite_of("{family: corners}", tmp_path)


def test_two_packages_of_one_name_are_refused_rather_than_chosen_from(
    example: Path, install: Install
) -> None:
    install("", "rival")
    with pytest.raises(
        ModelError, match=r"brought by bench-family-corners 1.2.0 \(.*\) and rival 1.2.0 \(.*\)"
    ):
        load_family("corners")


def make_model(path: Path) -> None:
    """Write an ONNX model that answers every photo with the same two rows."""
    onnx = pytest.importorskip("onnx")
    helper, numbers = onnx.helper, onnx.TensorProto
    rows = np.array([[[8, 16, 24, 32, 0.9], [40, 8, 56, 24, 0.6]]], np.float32)
    image = helper.make_tensor_value_info("image", numbers.FLOAT, [1, 32, 64, 3])
    out = helper.make_tensor_value_info("rows", numbers.FLOAT, [1, 2, 5])
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "known"], ["rows"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(rows, "known"),
        onnx.numpy_helper.from_array(np.float32(0), "zero"),
    ]
    graph = helper.make_graph(nodes, "corners", [image], [out], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def run_job(folder: Path, kind: str, detector: str, **environ: str) -> tuple[Path, list[dict[str, object]]]:
    """Run a job in an agent process of its own, as hosts do."""
    make_model(folder / "m.onnx")
    Image.fromarray(np.zeros((64, 128, 3), np.uint8)).save(folder / "photo.png")
    description = suite_of(detector, folder).models[0].description
    job = Job(
        PROTOCOL, "job", kind, str(folder / "m.onnx"), RuntimeSettings("onnxruntime"), description,  # type: ignore[arg-type]
        (ImageRef(7, str(folder / "photo.png"), ""),),
    )  # fmt: skip
    place = folder / "jobs" / f"job-{kind}"
    place.mkdir(parents=True)
    (place / "job.json").write_text(json.dumps(to_json(job)))
    command = [sys.executable, "-m", "bench.agent", str(place)]
    environment = {**os.environ, **environ}
    subprocess.run(command, capture_output=True, timeout=120, env=environment, cwd=Path(__file__).parents[2])
    return place, read_events(place / "journal.jsonl")[0]


DETECTOR = "{family: corners, input: {size: [64, 32]}}"


def test_a_job_decodes_by_a_package_s_family_and_says_where_it_came_from(
    example: Path, tmp_path: Path
) -> None:
    path = os.pathsep.join([str(example), *filter(None, [os.environ.get("PYTHONPATH")])])
    place, events = run_job(tmp_path, "accuracy", DETECTOR, PYTHONPATH=path)
    assert events[-1]["type"] == "finished", events[-1]
    with np.load(place / "detections-0000.npz", allow_pickle=False) as file:
        # The photo is twice as large as the input.
        assert file["box"].tolist() == [[16, 32, 32, 32], [80, 16, 32, 32]]
        assert file["score"].tolist() == pytest.approx([0.9, 0.6]) and file["category_id"].tolist() == [1, 1]
    _, events = run_job(tmp_path, "check", DETECTOR, PYTHONPATH=path)
    (result,) = [event for event in events if event["type"] == "result"]
    assert result["proof"]["family_package"] == "bench-family-corners 1.2.0"  # type: ignore[index]


def test_a_device_without_the_package_says_so(example: Path, tmp_path: Path) -> None:
    path = os.environ.get("PYTHONPATH", "")
    _, events = run_job(tmp_path, "accuracy", DETECTOR, PYTHONPATH=path)
    assert events[-1]["type"] == "failed"
    assert "must be installed on this machine too" in str(events[-1]["message"])
