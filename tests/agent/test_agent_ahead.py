"""A thread that goes ahead changes nothing but the time: order, errors and endings stay the iterator's."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.agent.ahead import ahead, num_cores
from bench.agent.context import JobContext
from bench.agent.jobs import accuracy
from bench.agent.model import LoadedModel
from bench.agent.pixels import PixelSource
from bench.errors import DataError
from bench.wire.job import ImageRef, Job
from bench.wire.journal import read_events

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


@given(st.lists(st.integers(), max_size=20), st.integers(0, 25))
def test_items_come_in_order_and_whoever_stops_early_leaves_no_thread(items: list[int], taken: int) -> None:
    before = threading.active_count()
    with contextlib.closing(ahead(iter(items))) as walk:
        assert [value for value, _ in zip(walk, range(taken), strict=False)] == items[:taken]
    assert threading.active_count() == before


def test_the_thread_is_no_more_than_a_few_items_ahead() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for i in range(100):
            made.append(i)
            yield i

    with contextlib.closing(ahead(items())) as walk:
        next(walk)
        # One was taken, two wait, and one is in the hand of the thread.
        assert len(made) <= 4


def test_an_error_comes_behind_the_items_before_it_and_from_where_it_was() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise DataError("broken")

    seen = []
    with pytest.raises(DataError, match="broken") as caught:
        for value in ahead(items()):
            seen.append(value)
    assert seen == [1, 2] and caught.traceback[-1].name == "items"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_the_iterator_is_closed_in_its_own_thread_however_the_reader_ends(stop: type[BaseException]) -> None:
    closed_in = []

    def inner() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed_in.append(threading.current_thread())

    def outer() -> Iterator[int]:
        with contextlib.closing(ahead(inner())) as walk:
            yield from walk

    with pytest.raises(stop), contextlib.closing(ahead(outer())) as walk:
        for value in walk:
            if value == 5:
                raise stop
    assert len(closed_in) == 1 and closed_in[0] is not threading.current_thread()


def test_there_is_a_core_to_run_on() -> None:
    assert num_cores() >= 1


def use_threads(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    """Let a pass use threads where there are cores, from the second photo on, even if it does not pay."""
    monkeypatch.setattr(accuracy, "num_cores", lambda: cores)
    monkeypatch.setattr(accuracy, "_TRIAL", 1)
    monkeypatch.setattr(accuracy, "_HANDING_NS", -1)


def walked(
    job: Job, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, cores: int
) -> tuple[dict[str, object], list[dict[str, np.ndarray]]]:
    use_threads(monkeypatch, cores)
    context = make_context(replace(job, id=f"{job.id}-{cores}"))
    result = accuracy.run(context)
    shards = []
    for path in sorted(context.folder.glob("detections-*.npz")):
        with np.load(path, allow_pickle=False) as file:
            shards.append({name: file[name] for name in file.files})
    return result, shards


@pytest.mark.parametrize("runtime", ["fake", "litert"])
def test_three_threads_find_what_one_finds(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    images = tuple(
        replace(image, id=image.id + 10 * i) for i in range(4) for image in make_job("check").images
    )
    job = make_job("accuracy", runtime=runtime, images=images, shard_size=3)
    one, in_one = walked(job, make_context, monkeypatch, 1)
    three, in_three = walked(job, make_context, monkeypatch, 2)
    assert (one["is_overlapped"], three["is_overlapped"]) == (False, True)
    assert one["num_detections"] == three["num_detections"] and len(in_one) == 7
    for a, b in zip(in_one, in_three, strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_a_model_too_fast_for_threads_gets_none(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "num_cores", lambda: 2)
    monkeypatch.setattr(accuracy, "_HANDING_NS", 10**12)
    assert accuracy.run(make_context(make_job("accuracy")))["is_overlapped"] is False


def test_under_a_memory_limit_no_thread_takes_address_space(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.agent.model.limit_memory", lambda limit: None)
    job = make_job("accuracy", memory_limit_bytes=10**9)
    assert walked(job, make_context, monkeypatch, 2)[0]["is_overlapped"] is False


def test_what_was_done_before_a_damaged_photo_is_kept(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    images = make_job("check").images
    job = make_job("accuracy", images=(*images, ImageRef(999, str(broken), ""), *images), shard_size=2)
    use_threads(monkeypatch, 2)
    context = make_context(job)
    with pytest.raises(DataError, match=r"broken\.jpg: image 999 "):
        accuracy.run(context)
    events, _ = read_events(context.folder / "journal.jsonl")
    done = [event["image_ids"] for event in events if event["type"] == "shard"]
    assert done == [[image.id for image in images[i : i + 2]] for i in (0, 2)]


def test_a_model_that_breaks_midway_ends_the_pass_with_its_error(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("accuracy", options={"crash": "exception", "at_call": 3})
    use_threads(monkeypatch, 2)
    with pytest.raises(RuntimeError, match="told to fail at call 3"):
        accuracy.run(make_context(job))


def test_photos_are_prepared_while_the_model_runs_and_outputs_are_read_beside_both(
    make_job: MakeJob, make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_threads(monkeypatch, 2)
    context = make_context(make_job("accuracy"))
    done = {stage: [threading.Event() for _ in range(6)] for stage in ("read", "run", "postprocess")}
    read, run, postprocess = PixelSource.read, LoadedModel.run, LoadedModel.postprocess
    calls = {"run": 0, "postprocess": 0}

    def reading(self: PixelSource, index: int) -> object:
        pixels = read(self, index)
        done["read"][index].set()
        return pixels

    def running(self: LoadedModel, inputs: list[np.ndarray]) -> object:
        index = calls["run"]
        calls["run"] += 1
        if 1 <= index < 4:
            # The next photo is prepared before this one leaves the model: a single thread would wait forever.
            assert done["read"][index + 1].wait(20)
        outputs = run(self, inputs)
        done["run"][index].set()
        return outputs

    def reading_outputs(self: LoadedModel, *arguments: object) -> object:
        index = calls["postprocess"]
        calls["postprocess"] += 1
        if 1 <= index < 4:
            assert done["run"][index + 1].wait(20)
        return postprocess(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(PixelSource, "read", reading)
    monkeypatch.setattr(LoadedModel, "run", running)
    monkeypatch.setattr(LoadedModel, "postprocess", reading_outputs)
    assert accuracy.run(context)["num_images"] == 5
