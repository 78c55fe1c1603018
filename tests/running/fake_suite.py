"""A suite of fake cases over a few rendered photos: for tests of the loop, without a real runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.core.artifact import Artifact, FileFacts
from bench.core.data import EvaluationData
from bench.core.measure import MeasureOptions
from bench.core.model import ModelSource
from bench.core.suite import Case, RenderedData, Suite
from bench.datasets.prepare import prepare_data
from bench.detectors.presets import default_description
from bench.wire.job import RuntimeSettings

OPTIONS = MeasureOptions(rounds=2, warmup=1, calls=5, min_calls=5, images=3, resamples=50, timeout_seconds=20)
NUM_IMAGES = 6


def make_data(cache: Path) -> EvaluationData:
    """Render a handful of evaluation photos."""
    return prepare_data(RenderedData(NUM_IMAGES, 2, 2), cache)[0]


def make_case(name: str, precision: str = "int8", **options: Any) -> Case:
    """Make a case of the fake runtime that behaves as the options say."""
    sibling = "" if precision == "fp32" else "m/float/fake/t1@local"
    settings = RuntimeSettings("fake", 1, options)
    return Case(f"m/{name}/fake/t1@local", "m", "m", precision, None, settings, "local", sibling)


def make_suite(cases: list[Case], options: MeasureOptions = OPTIONS) -> Suite:
    """Make a suite of given cases."""
    description = default_description("ltrb", 160, 160, 8)
    source = ModelSource("m", "m", "file", "m.tflite", description, "fp32")
    return Suite(
        name="fake",
        path="suites/fake.yaml",
        text="name: fake",
        models=(source,),
        data=RenderedData(NUM_IMAGES, 2, 2),
        hosts=("local",),
        measure=options,
        cases=tuple(cases),
    )


def make_artifacts(folder: Path, cases: list[Case]) -> dict[str, Artifact]:
    """Give each case a file of its own; the fake runtime takes any."""
    artifacts = {}
    for number, case in enumerate(cases):
        path = folder / f"model-{number}.bin"
        path.write_bytes(b"model" * (number + 1))
        facts = FileFacts(case.precision)
        artifacts[case.id] = Artifact(str(path), f"{number:064d}", path.stat().st_size, 5, facts)
    return artifacts
