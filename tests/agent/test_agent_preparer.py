"""A second process that prepares photos changes nothing but the time, and never outlives the first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench.agent import pixels, preparer
from bench.agent.context import JobContext
from bench.agent.jobs import accuracy
from bench.agent.model import read_pixels
from bench.agent.preparer import Preparer, would_help
from bench.errors import DataError
from bench.wire.codec import to_json
from bench.wire.description import Resize
from bench.wire.job import ImageRef, Job
from bench.wire.journal import read_events

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux lets a process die with its parent"
)


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.fixture
def many(photos: tuple[ImageRef, ...]) -> tuple[ImageRef, ...]:
    """Twenty photos, for which a second process is started."""
    return tuple(replace(photo, id=photo.id + 10 * turn) for turn in range(4) for photo in photos)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passes go on in threads from the second photo on, even if it does not pay."""
    for module in (accuracy, preparer):
        monkeypatch.setattr(module, "num_cores", lambda: 2)
    monkeypatch.setattr(accuracy, "_TRIAL", 1)
    monkeypatch.setattr(accuracy, "_HANDING_NS", -1)


def shards(context: JobContext) -> list[dict[str, np.ndarray]]:
    read = []
    for path in sorted(context.folder.glob("detections-*.npz")):
        with np.load(path, allow_pickle=False) as file:
            read.append({name: file[name] for name in file.files})
    return read


@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
def test_pixels_and_geometry_are_those_that_one_process_makes(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], resize: Resize
) -> None:
    job = make_job("accuracy", images=many)
    preprocess = replace(job.description.preprocess, width=40, resize=resize)
    context = make_context(replace(job, description=replace(job.description, preprocess=preprocess)))
    second = Preparer(context)
    assert second.take(0) is None
    second.begin(2)
    assert second.take(1) is None
    for index in range(2, 20):
        found, expected = second.take(index), read_pixels(context, many[index])
        assert found is not None and found[2] > 0
        assert np.array_equal(found[0], expected[0]) and found[1] == expected[1]
    assert second.take(20) is None
    second.close()


def test_frames_larger_than_the_pipe_come_whole(make_job: MakeJob, make_context: MakeContext) -> None:
    job = make_job("accuracy")
    preprocess = replace(job.description.preprocess, width=900, height=700)
    context = make_context(replace(job, description=replace(job.description, preprocess=preprocess)))
    second = Preparer(context)
    second.begin(0)
    for index, image in enumerate(job.images):
        found = second.take(index)
        assert found is not None and np.array_equal(found[0], read_pixels(context, image)[0])
    second.close()


def test_a_pass_finds_the_same_with_it_and_says_what_the_other_process_spent(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("accuracy", runtime="litert", images=many, shard_size=7)
    two = make_context(replace(job, id="two"))
    beside = accuracy.run(two)
    monkeypatch.setattr(pixels, "would_help", lambda context: False)
    one = make_context(replace(job, id="one"))
    alone = accuracy.run(one)
    assert (beside["num_beside"], alone["num_beside"]) == (19, 0)
    assert beside["is_overlapped"] and alone["is_overlapped"]
    assert 0.1 * alone["prepare_ns"] < beside["prepare_ns"]
    for a, b in zip(shards(two), shards(one), strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_what_it_prepared_is_kept_for_the_next_pass(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    job = make_job("accuracy", images=many, prepared=str(tmp_path / "prepared"))
    first = accuracy.run(make_context(replace(job, id="first")))
    gone = tuple(replace(image, path="/nowhere") for image in many)
    second = accuracy.run(make_context(replace(job, id="second", images=gone)))
    assert (first["prepared"], first["num_beside"]) == ("made", 19)
    assert (second["prepared"], second["num_beside"]) == ("hit", 0)
    assert first["num_detections"] == second["num_detections"]


def test_a_damaged_photo_is_told_as_by_one_process_and_what_was_before_it_is_kept(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    images = (*many[:10], ImageRef(999, str(broken), ""), *many[10:])
    folder = tmp_path / "prepared"
    context = make_context(make_job("accuracy", images=images, shard_size=5, prepared=str(folder)))
    with pytest.raises(DataError, match=r"broken\.jpg: image 999 cannot be used"):
        accuracy.run(context)
    events, _ = read_events(context.folder / "journal.jsonl")
    assert [len(event["image_ids"]) for event in events if event["type"] == "shard"] == [5, 5]
    assert list(folder.iterdir()) == []


def test_a_changed_photo_is_found_out_by_its_hash(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...]
) -> None:
    images = (*many[:-1], replace(many[-1], sha256="0" * 64))
    with pytest.raises(DataError, match=f"image {many[-1].id} changed since the run was planned"):
        accuracy.run(make_context(make_job("accuracy", images=images)))


def test_a_pass_whose_second_process_is_killed_goes_on_alone(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Preparer.take

    def and_kill(self: Preparer, index: int) -> object:
        if index == 10:
            os.kill(self._pid, signal.SIGKILL)
            os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOWAIT)
        return take(self, index)

    monkeypatch.setattr(Preparer, "take", and_kill)
    # Nothing but the frame that is awaited fits into the pipe.
    monkeypatch.setattr(preparer, "_PIPE_BYTES", 4096)
    context = make_context(make_job("accuracy", images=many))
    result = accuracy.run(context)
    assert result["num_images"] == 20 and 9 <= result["num_beside"] < 19
    assert sorted(np.concatenate([shard["image_ids"] for shard in shards(context)])) == [
        image.id for image in many
    ]


def test_a_model_that_breaks_midway_ends_the_second_process_too(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...]
) -> None:
    job = make_job("accuracy", options={"crash": "exception", "at_call": 7}, images=many)
    with pytest.raises(RuntimeError, match="told to fail at call 7"):
        accuracy.run(make_context(job))


def test_a_machine_that_has_no_process_left_goes_on_with_one(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "no more processes")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(preparer, "_fork", refuse)
    context = make_context(make_job("accuracy", images=many))
    opened = len(os.listdir("/proc/self/fd")) - before
    result = accuracy.run(context)
    assert (result["num_images"], result["num_beside"]) == (20, 0)
    assert len(os.listdir("/proc/self/fd")) == before + opened


def test_it_is_left_out_where_it_would_not_pay_or_is_not_allowed(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(make_job("accuracy", images=many))
    assert would_help(context)
    assert not would_help(replace(context, job=replace(context.job, images=many[:5])))
    assert not would_help(replace(context, job=replace(context.job, memory_limit_bytes=10**10)))
    waiting = threading.Event()
    thread = threading.Thread(target=waiting.wait)
    thread.start()
    assert not would_help(context)
    waiting.set()
    thread.join()
    with monkeypatch.context() as patch:
        patch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=100_000_000))
        assert not would_help(context)
    with monkeypatch.context() as patch:
        patch.setattr(preparer, "num_cores", lambda: 1)
        assert not would_help(context)


def test_a_pass_that_is_too_fast_for_threads_ends_it_after_the_trial(
    make_job: MakeJob, make_context: MakeContext, many: tuple[ImageRef, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "_TRIAL", 4)
    monkeypatch.setattr(accuracy, "_HANDING_NS", 10**12)
    result = accuracy.run(make_context(make_job("accuracy", images=many)))
    assert (result["is_overlapped"], result["num_beside"]) == (False, 3)


def test_it_holds_nothing_open_that_the_first_process_had_open(
    make_job: MakeJob, make_context: MakeContext
) -> None:
    read, write = os.pipe()
    second = Preparer(make_context(make_job("accuracy")))
    second.begin(0)
    assert second.take(0) is not None
    os.close(write)
    assert os.read(read, 1) == b""
    os.close(read)
    second.close()


# Starts a second process and tells its id, then that it has begun; the parent is killed or waits.
LONELY = """
import json, sys, time
from pathlib import Path
from bench.agent.context import JobContext
from bench.agent.preparer import Preparer
from bench.wire.codec import from_json
from bench.wire.job import Job
folder = Path(sys.argv[1])
job = from_json(Job, json.loads((folder / "job.json").read_text()))
second = Preparer(JobContext(job, folder, None))
second.begin(0)
second.take(0)
print(second._pid, flush=True)
time.sleep(60)
"""


def test_it_dies_with_the_first_process_even_if_that_is_killed(
    make_job: MakeJob, many: tuple[ImageRef, ...], tmp_path: Path
) -> None:
    (tmp_path / "job.json").write_text(json.dumps(to_json(make_job("accuracy", images=many))))
    first = subprocess.Popen([sys.executable, "-c", LONELY, str(tmp_path)], stdout=subprocess.PIPE)
    assert first.stdout is not None
    try:
        pid = int(first.stdout.readline())
        assert is_running(pid)
    finally:
        first.kill()
        first.wait()
        first.stdout.close()
    end = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


# Runs a job, with a note of what was imported when the second process began.
NOTING = """
import sys
from pathlib import Path
import bench.agent.preparer as preparer
from bench.agent.entry import run_folder
preparer.num_cores = lambda: 2
prepare_photos = preparer.prepare_photos

def note(context, orders, frames):
    (context.folder / "modules").write_text(" ".join(sys.modules))
    prepare_photos(context, orders, frames)

preparer.prepare_photos = note
sys.exit(run_folder(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("runtime", ["litert", "onnxruntime"])
def test_it_holds_no_runtime(
    make_job: MakeJob, many: tuple[ImageRef, ...], tmp_path: Path, runtime: str
) -> None:
    job = make_job("accuracy", runtime=runtime, images=many)
    folder = tmp_path / "jobs" / "noting"
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps(to_json(job)))
    command = [sys.executable, "-c", NOTING, str(folder)]
    subprocess.run(command, check=runtime == "litert", capture_output=True)
    roots = {name.partition(".")[0] for name in (folder / "modules").read_text().split()}
    assert "numpy" in roots
    assert not {"ai_edge_litert", "onnxruntime", "tensorflow", "onnx"} & roots
