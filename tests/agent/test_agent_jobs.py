"""Jobs of every kind on the fake runtime, whose times and boxes are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest

from bench.agent.context import JobContext
from bench.agent.jobs import accuracy, check, latency, memory
from bench.agent.jobs.check import are_zero, have_nan
from bench.errors import DataError, JobError, ModelError
from bench.wire.job import ImageRef, Job, LatencyOptions
from bench.wire.journal import read_events
from bench.wire.tensor import TensorSpec

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]


def detections(folder: Path) -> list[dict[str, np.ndarray]]:
    loaded = []
    for path in sorted(folder.glob("detections-*.npz")):
        with np.load(path, allow_pickle=False) as file:
            loaded.append({name: file[name] for name in file.files})
    return loaded


def test_a_fake_of_known_latency_gives_the_known_median(make_job: MakeJob, make_context: MakeContext) -> None:
    options = LatencyOptions(warmup=2, calls=15, with_end_to_end=False)
    job = make_job("latency", options={"latency_ns": 20_000_000}, latency=options)
    result = latency.run(make_context(job))
    assert len(result["inference_ns"]) == 15 and result["warmup_calls"] == 2
    assert min(result["inference_ns"]) >= 20_000_000
    # Overheads are microseconds; the rest is room for a busy machine's scheduler.
    assert median(result["inference_ns"]) < 30_000_000


def test_alternating_latencies_are_kept_call_by_call(make_job: MakeJob, make_context: MakeContext) -> None:
    job = make_job(
        "latency",
        options={"latency_ns": [1_000_000, 30_000_000]},
        latency=LatencyOptions(warmup=1, calls=20, with_end_to_end=False),
    )
    samples = latency.run(make_context(job))["inference_ns"]
    # One call was the first, one warmed up: the loop starts at the list's first entry again.
    assert min(samples[1::2]) >= 30_000_000
    assert 1_000_000 <= median(samples[0::2]) < 15_000_000


def test_end_to_end_stages_add_up_and_contain_the_invoke(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    job = make_job("latency", options={"latency_ns": 500_000})
    stages = latency.run(make_context(job))["end_to_end"]
    names = ("decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns")
    assert {len(stages[name]) for name in (*names, "total_ns")} == {10}
    sums = [sum(row) for row in zip(*(stages[name] for name in names), strict=True)]
    assert sums == stages["total_ns"]
    assert min(stages["invoke_ns"]) >= 500_000 and min(stages["decode_ns"]) > 0


def test_end_to_end_can_be_left_out(make_job: MakeJob, make_context: MakeContext) -> None:
    job = make_job("latency", latency=LatencyOptions(warmup=0, calls=2, with_end_to_end=False))
    assert "end_to_end" not in latency.run(make_context(job))


def test_known_boxes_arrive_in_pixels_of_each_photo(
    make_job: MakeJob, make_context: MakeContext, photos: tuple[ImageRef, ...]
) -> None:
    boxes = [[0, 0.9, 4.0, 6.0, 20.0, 30.0], [2, 0.6, 18.0, 2.0, 31.0, 14.0]]
    job = make_job("accuracy", options={"boxes": boxes}, images=photos[:2])
    context = make_context(job)
    result = accuracy.run(context)
    assert (result["num_images"], result["num_detections"], result["boxes_outside"]) == (2, 4, 0)
    (found,) = detections(context.folder)
    np.testing.assert_array_equal(found["image_id"], [101, 101, 102, 102])
    np.testing.assert_array_equal(found["category_id"], [1, 3, 1, 3])
    np.testing.assert_allclose(found["score"], [0.9, 0.6, 0.9, 0.6], rtol=1e-5)
    # Photo 101 is 48 x 40 for an input of 32 x 32: a factor of 1.5 and 1.25; photo 102 is twice the input.
    np.testing.assert_allclose(found["box"][0], [6.0, 7.5, 24.0, 30.0], rtol=1e-5)
    np.testing.assert_allclose(found["box"][3], [36.0, 4.0, 26.0, 24.0], rtol=1e-5)
    assert [found[name].dtype.name for name in ("image_id", "category_id", "score", "box", "image_ids")] == [
        "int64", "int32", "float32", "float32", "int64",
    ]  # fmt: skip


def test_shards_hold_every_image_once_and_are_announced_when_they_are_whole(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    context = make_context(make_job("accuracy", shard_size=2, options={"num_boxes": 0}))
    accuracy.run(context)
    shards = [e for e in read_events(context.folder / "journal.jsonl")[0] if e["type"] == "shard"]
    assert [shard["image_ids"] for shard in shards] == [[101, 102], [103, 104], [105]]
    assert [shard["file"] for shard in shards] == [f"detections-000{i}.npz" for i in range(3)]
    found = detections(context.folder)
    assert [list(shard["image_ids"]) for shard in found] == [[101, 102], [103, 104], [105]]
    assert all(shard["box"].shape == (0, 4) for shard in found)


def test_boxes_that_lie_outside_of_their_photo_are_counted(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    job = make_job("accuracy", options={"boxes": [[0, 0.9, 40.0, 40.0, 60.0, 60.0]]})
    assert accuracy.run(make_context(job))["boxes_outside"] == 5


def test_memory_that_a_model_allocates_shows_in_its_share(make_job: MakeJob, run_agent: Any) -> None:
    size = 50_000_000
    result = run_agent(make_job("memory", options={"allocate_bytes": size})).event("result")
    share = result["peak_rss_bytes"] - result["baseline_rss_bytes"]
    assert result["method"] in ("clear_refs", "whole_life", "psutil")
    assert size <= share < 1.3 * size
    assert 0 < result["loaded_rss_bytes"] <= result["peak_rss_bytes"]
    assert result["rss_anon_bytes"] is None or result["rss_anon_bytes"] > size


def test_a_model_that_allocates_nothing_has_a_share_near_nothing(make_job: MakeJob, run_agent: Any) -> None:
    result = run_agent(make_job("memory")).event("result")
    assert result["method"] != "clear_refs" or (
        0 <= result["peak_rss_bytes"] - result["baseline_rss_bytes"] < 8_000_000
    )


def test_a_check_tells_what_the_model_is_and_where_it_ran(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    result = check.run(make_context(make_job("check", runtime="litert")))
    assert result["inputs"][0]["shape"] == [1, 32, 32, 3]
    assert sorted(shape[-1] for shape in result["output_shapes"]) == [3, 4]
    assert not result["is_all_zero"] and not result["has_nan"]
    assert result["proof"]["num_ops"] > 0 and result["environment"]["page_size"] > 0


def test_zero_outputs_are_seen_also_where_zero_is_written_otherwise() -> None:
    plain, quantized = TensorSpec("a", (2,), "float32"), TensorSpec("b", (2,), "int8", 0.1, -7)
    zeros, sevens = np.zeros(2, np.float32), np.full(2, -7, np.int8)
    assert are_zero([zeros, sevens], [plain, quantized])
    assert not are_zero([zeros, np.zeros(2, np.int8)], [plain, quantized])
    assert not are_zero([np.array([0, 1e-9], np.float32), sevens], [plain, quantized])


def test_values_that_are_no_numbers_are_seen() -> None:
    assert have_nan([np.array([1.0, np.nan], np.float32)])
    assert have_nan([np.array([np.inf], np.float16)])
    assert not have_nan([np.array([1.0], np.float32), np.array([3], np.int8)])


def test_a_truncated_photo_is_an_error_that_names_it(
    make_job: MakeJob, make_context: MakeContext, photos: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    path = tmp_path / "cut.png"
    path.write_bytes(Path(photos[0].path).read_bytes()[:500])
    job = make_job("accuracy", images=(photos[1], ImageRef(7, str(path), "")))
    with pytest.raises(DataError, match=r"cut\.png: image 7 cannot be used: .*truncated.*fetch it again"):
        accuracy.run(make_context(job))


def test_a_photo_that_changed_or_vanished_is_an_error_that_names_it(
    make_job: MakeJob, make_context: MakeContext, photos: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    changed = replace(photos[0], sha256="0" * 64)
    with pytest.raises(DataError, match="image 101 changed since the run was planned"):
        accuracy.run(make_context(make_job("accuracy", images=(changed,))))
    gone = ImageRef(9, str(tmp_path / "gone.jpg"), "")
    with pytest.raises(DataError, match=r"gone\.jpg: image 9 cannot be read \(No such file"):
        latency.run(make_context(make_job("latency", images=(gone,))))
    with pytest.raises(JobError, match="names no image"):
        memory.run(make_context(make_job("memory", images=())))


def test_a_description_that_does_not_fit_is_an_error_that_names_the_model(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    job = make_job("check", runtime="litert")
    wrong = replace(job.description, preprocess=replace(job.description.preprocess, width=64))
    with pytest.raises(ModelError, match=r"tiny_float\.tflite: .*shape"):
        check.run(make_context(replace(job, description=wrong)))


def test_relative_paths_start_at_the_root_of_the_host(
    make_job: MakeJob, make_context: MakeContext, photos: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    (tmp_path / "photo.png").write_bytes(Path(photos[0].path).read_bytes())
    job = make_job("check", images=(ImageRef(1, "photo.png", photos[0].sha256),))
    assert check.run(make_context(job))["num_images"] == 1
