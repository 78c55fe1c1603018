"""Every suite that is shipped loads, is valid by the schema, and has the cases that it promises."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from bench.core.suite import CocoData, Overrides
from bench.suite import apply_overrides, load_suite, suite_schema

ROOT = Path(__file__).parents[2]
SUITES = sorted((ROOT / "suites").glob("*.yaml"))
NUM_CASES = {
    "quickstart": 10,
    "calibration": 18,
    "threads": 25,
    "own-keras": 16,
    "recipes": 16,
    "given-files": 8,
    "coco-yolov8n": 4,
    "coco-yolox-nano": 4,
    "coco-nanodet": 4,
    "coco-efficientdet-lite0": 2,
    "coco-ssdlite-mobilenet-v2": 4,
}
REAL = sorted(path for path in SUITES if path.stem.startswith("coco-"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment with stand-ins of the files that some suites take from it."""
    files = [
        "ssd_mobilenet_v1_300_qat",
        "yolov5n_640_fp16",
        "yolov5n_640_int8",
        "yolov8n_224_dynamic",
        "yolov8n_224_int8",
    ]
    for folder in ("models", "images", "val", "train", "val2017", "train2017-calibration", "annotations"):
        (tmp_path / folder).mkdir()
    for name in (
        *(f"models/{file}.tflite" for file in files),
        "instances.json",
        "instances_val.json",
        "own.keras",
        "annotations/instances_val2017.json",
        "models/yolox_nano_416.onnx",
        "models/nanodet_320.onnx",
        "models/fastestdet_352.onnx",
        "models/yolov8n.onnx",
        "models/yolox_nano.onnx",
        "models/nanodet_m.onnx",
        "models/efficientdet_lite0.tflite",
        "models/ssdlite_mobilenet_v2.tflite",
    ):
        (tmp_path / name).write_bytes(b"")
    return {
        "BENCH_REAL_DATA": str(tmp_path),
        "BENCH_OWN_DATA": str(tmp_path),
        "BENCH_MODELS": str(tmp_path / "models"),
        "BENCH_COCO": str(tmp_path),
        "BENCH_OWN_MODEL": str(tmp_path / "own.keras"),
    }


def test_the_shipped_suites_are_those_that_are_tested() -> None:
    assert {path.stem for path in SUITES} == set(NUM_CASES)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_loads_with_the_cases_it_promises(path: Path, environ: dict[str, str]) -> None:
    suite = load_suite(path, environ)
    assert suite.name == path.stem and suite.description
    assert len(suite.cases) == NUM_CASES[path.stem] == len({case.id for case in suite.cases})
    assert not any(case.unavailable for case in suite.cases)
    known = {case.id: case for case in suite.cases}
    for case in suite.cases:
        assert not case.sibling or known[case.sibling].precision == "fp32"
    assert apply_overrides(suite, Overrides(profile="smoke", limit=5, rounds=1)).measure.rounds == 1


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_is_valid_by_the_schema(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(suite_schema()).validate(document)


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_shipped_suite_has_lines_that_can_be_read_in_a_terminal(path: Path) -> None:
    assert max(map(len, path.read_text(encoding="utf-8").splitlines())) <= 120


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_suite_of_published_models_names_the_figure_its_source_and_what_is_unverified(
    path: Path, environ: dict[str, str]
) -> None:
    suite, text = load_suite(path, environ), path.read_text(encoding="utf-8")
    assert "UNVERIFIED" in text and "nverified" in suite.description
    for model in suite.models:
        assert model.expected is not None and 0.1 < model.expected.map_50_95 < 0.5
        assert model.expected.source and model.expected.data in ("COCO val2017", "COCO 2014 minival")
    # No address can rot or mislead that is not there.
    assert "http" not in text and "sha256" not in text


def test_a_suite_whose_variable_is_unset_says_which(environ: dict[str, str]) -> None:
    del environ["BENCH_OWN_MODEL"]
    with pytest.raises(Exception) as caught:
        load_suite(ROOT / "suites" / "own-keras.yaml", environ)
    assert (
        "own-keras.yaml:15 model.keras: the environment variable BENCH_OWN_MODEL is not set, expected it to hold "
        in (str(caught.value))
    )


def test_the_quickstart_is_ten_cases_with_a_control_for_qat(environ: dict[str, str]) -> None:
    suite = load_suite(ROOT / "suites" / "quickstart.yaml", environ)
    assert {(case.precision, case.runtime.name) for case in suite.cases} == {
        (precision, runtime)
        for precision in ("fp32", "fp16", "dynamic", "int8", "qat")
        for runtime in ("litert", "onnxruntime")
    }
    recipes = [case.recipe for case in suite.cases if case.precision == "qat"]
    assert all(recipe is not None and recipe.training.labels for recipe in recipes)


def test_given_files_lie_where_the_variable_says(environ: dict[str, str], tmp_path: Path) -> None:
    suite = load_suite(ROOT / "suites" / "given-files.yaml", environ)
    assert isinstance(suite.data, CocoData) and suite.data.images == str(tmp_path / "images")
    assert [model.group for model in suite.models] == [
        "ssd_mobilenet_v1",
        "yolov5n_640",
        "yolov5n_640",
        "yolov8n_224",
        "yolov8n_224",
        "yolox_nano_416",
        "nanodet_320",
        "fastestdet_352",
    ]


def test_loading_a_suite_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pathlib import Path; from bench.suite import load_suite, suite_schema;"
        "load_suite(Path('suites/quickstart.yaml')); suite_schema();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {
        "tensorflow",
        "keras",
        "onnx",
        "onnxruntime",
        "pandas",
        "matplotlib",
        "pydantic",
        "scipy",
    }
    assert not heavy & set(done.stdout.split())
