"""One walk over the images, read in several ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bench.agent.context import JobContext
from bench.agent.extremes import Extremes
from bench.agent.jobs import accuracy, variants
from bench.wire.job import Job
from bench.wire.tensor import TensorSpec

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]


def found(context: JobContext, name: str) -> dict[str, np.ndarray]:
    with np.load(context.folder / name, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def run_ways(make_job: MakeJob, make_context: MakeContext, *ways: Any) -> tuple[JobContext, dict[str, Any]]:
    context = make_context(make_job("variants", variants=tuple(ways)))
    return context, variants.run(context)


def test_each_way_finds_what_an_accuracy_pass_of_its_own_finds(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    plain = make_job("accuracy").description
    strict = replace(plain, suppression=replace(plain.suppression, score_threshold=0.6))
    context, result = run_ways(make_job, make_context, plain, strict)
    for way, description in zip(result["variants"], (plain, strict), strict=True):
        alone = make_context(make_job("accuracy", description=description))
        counts = accuracy.run(alone)
        expected = found(alone, "detections-0000.npz")
        assert way["num_detections"] == counts["num_detections"] == len(expected["score"])
        for key, values in found(context, way["file"]).items():
            np.testing.assert_array_equal(values, expected[key])
    assert result["variants"][1]["num_detections"] < result["variants"][0]["num_detections"]


def test_a_way_that_does_not_fit_ends_by_itself(make_job: MakeJob, make_context: MakeContext) -> None:
    plain = make_job("accuracy").description
    wrong = replace(plain, decode=replace(plain.decode, family="yolov8", options={}))
    _, result = run_ways(make_job, make_context, wrong, plain)
    first, second = result["variants"]
    assert first["file"] == "" and "yolov8" in first["reason"]
    assert second["file"] and second["reason"] == "" and second["num_detections"] > 0


def test_a_job_without_any_way_that_fits_runs_no_image(make_job: MakeJob, make_context: MakeContext) -> None:
    plain = make_job("accuracy").description
    wrong = replace(plain, preprocess=replace(plain.preprocess, width=64))
    _, result = run_ways(make_job, make_context, wrong)
    assert "shape" in result["variants"][0]["reason"]
    assert [output["low"] for output in result["outputs"]] == [[], []]


def test_extremes_are_those_of_each_channel_in_real_values() -> None:
    extremes = Extremes([TensorSpec("out", (1, 3, 40), "int8", 0.5, -10)])
    drawn = np.random.default_rng(0)
    raws = [drawn.integers(-128, 128, (1, 3, 40)).astype(np.int8) for _ in range(3)]
    for raw in raws:
        raw[:, 1] = -128
        extremes.add([raw])
    (summary,) = extremes.summary()
    real = (np.concatenate(raws).astype(float) + 10) * 0.5
    assert summary["low"] == real.min(axis=(0, 2)).tolist()
    assert summary["high"] == real.max(axis=(0, 2)).tolist()
    assert summary["low"][1] == summary["high"][1] == -59.0
