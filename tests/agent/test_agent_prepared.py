"""Prepared pixels: never stale, never half, never more than allowed, never a reason to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.agent.context import JobContext
from bench.agent.model import read_pixels
from bench.agent.pixels import PixelSource
from bench.agent.prepared import make_room, prepared_name
from bench.wire.job import ImageRef, Job

MakeJob = Callable[..., Job]
MakeContext = Callable[[Job], JobContext]

# One photo at 32 x 32 x 3, and what the two .npy headers and the sizes take at most.
PHOTO_BYTES, OVERHEAD = 3072, 4096


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "prepared"


def walk(context: JobContext) -> tuple[PixelSource, list[np.ndarray], list[object]]:
    source = PixelSource(context)
    read = [source.read(index) for index in range(len(context.job.images))]
    pixels, geometries = [np.array(pixels) for pixels, _ in read], [geometry for _, geometry in read]
    source.close()
    return source, pixels, geometries


def test_prepared_pixels_and_geometry_are_those_of_the_photos(
    make_job: MakeJob, make_context: MakeContext, folder: Path
) -> None:
    context = make_context(make_job("accuracy", prepared=str(folder)))
    made, made_pixels, made_geometries = walk(context)
    hit, hit_pixels, hit_geometries = walk(context)
    assert (made.status, hit.status, hit.num_prepared) == ("made", "hit", 5)
    expected = [read_pixels(context, image) for image in context.job.images]
    for found in (made_pixels, hit_pixels):
        assert all(np.array_equal(a, b) for a, (b, _) in zip(found, expected, strict=True))
    assert made_geometries == hit_geometries == [geometry for _, geometry in expected]


def test_a_hit_needs_no_photo(
    make_job: MakeJob, make_context: MakeContext, photos: tuple[ImageRef, ...], folder: Path
) -> None:
    job = make_job("accuracy", prepared=str(folder))
    walk(make_context(job))
    gone = tuple(replace(image, path="/nowhere") for image in photos)
    assert walk(make_context(replace(job, images=gone)))[0].status == "hit"


def test_whatever_changes_the_pixels_changes_the_name(make_job: MakeJob) -> None:
    job = make_job("accuracy")
    base = job.description.preprocess
    variants = [
        replace(base, width=64),
        replace(base, height=64),
        replace(base, color="bgr"),
        replace(base, resize="letterbox"),
        replace(base, pad_value=0),
        replace(base, interpolation="area"),
    ]
    names = {prepared_name(preprocess, job.images) for preprocess in [base, *variants]}
    names |= {prepared_name(base, job.images[::-1]), prepared_name(base, job.images[:4])}
    names.add(prepared_name(base, [replace(job.images[0], fill=True), *job.images[1:]]))
    assert len(names) == 10
    shared = replace(base, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), layout="nchw")
    assert prepared_name(shared, job.images) == prepared_name(base, job.images)


def test_only_as_many_images_are_kept_as_fit(
    make_job: MakeJob, make_context: MakeContext, folder: Path
) -> None:
    limit = OVERHEAD + 3 * (PHOTO_BYTES + 8) + 100
    context = make_context(make_job("accuracy", prepared=str(folder), prepared_limit_bytes=limit))
    assert walk(context)[0].status == "made"
    (file,) = folder.iterdir()
    assert file.stat().st_size <= limit
    hit, pixels, _ = walk(context)
    assert (hit.status, hit.num_prepared, len(pixels)) == ("hit", 3, 5)
    assert np.array_equal(pixels[4], read_pixels(context, context.job.images[4])[0])


def test_a_limit_below_one_image_keeps_nothing_and_says_so(
    make_job: MakeJob, make_context: MakeContext, folder: Path
) -> None:
    context = make_context(make_job("accuracy", prepared=str(folder), prepared_limit_bytes=5000))
    source, pixels, _ = walk(context)
    assert source.status == "off" and "5000 bytes" in source.note and len(pixels) == 5
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_costs_time_and_not_the_job(
    make_job: MakeJob, make_context: MakeContext, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    context = make_context(make_job("accuracy", prepared=str(tmp_path / "file" / "prepared")))
    source, pixels, _ = walk(context)
    assert source.status == "off" and "not kept" in source.note and len(pixels) == 5


def test_a_disk_that_fills_up_costs_time_and_not_the_job(
    make_job: MakeJob, make_context: MakeContext, folder: Path
) -> None:
    import resource
    import signal

    # A limit on file size refuses the write just as a full disk does, at the third photo.
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))
    try:
        source, pixels, _ = walk(make_context(make_job("accuracy", prepared=str(folder))))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, previous)
    assert source.status == "off" and "not kept" in source.note and len(pixels) == 5
    assert list(folder.iterdir()) == []


def test_a_writer_that_stops_midway_shows_nothing(
    make_job: MakeJob, make_context: MakeContext, folder: Path
) -> None:
    context = make_context(make_job("accuracy", prepared=str(folder)))
    source = PixelSource(context)
    source.read(0)
    source.close()
    assert source.status == "off" and list(folder.iterdir()) == []


def test_scratch_of_a_killed_writer_is_swept_and_that_of_a_living_one_is_not(folder: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    folder.mkdir()
    dead = folder / f"a.pixels.{child.pid}.scratch"
    living = folder / f"a.pixels.{os.getppid()}.scratch"
    for path in (dead, living):
        path.write_bytes(b"x" * 100)
    make_room(folder, 10, 1000)
    assert list(folder.iterdir()) == [living]


def test_room_is_made_by_deleting_what_was_longest_not_used(folder: Path) -> None:
    folder.mkdir()
    for age, name in enumerate(["new", "middle", "old"]):
        path = folder / f"{name}.pixels"
        path.write_bytes(b"x" * 100)
        os.utime(path, (1000 - age, 1000 - age))
    make_room(folder, 150, 300)
    assert [path.name for path in folder.iterdir()] == ["new.pixels"]


def test_two_writers_at_once_leave_one_whole_file(
    make_job: MakeJob, make_context: MakeContext, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(make_job("accuracy", prepared=str(folder)))
    first = PixelSource(context)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    second = PixelSource(context)
    for index in range(5):
        first.read(index)
        second.read(index)
    first.close()
    second.close()
    assert len(list(folder.iterdir())) == 1
    hit, pixels, _ = walk(context)
    assert hit.status == "hit"
    assert np.array_equal(pixels[2], read_pixels(context, context.job.images[2])[0])


@pytest.mark.parametrize("keep", [0, 60, 9000])
def test_a_damaged_file_is_not_used(
    make_job: MakeJob, make_context: MakeContext, folder: Path, keep: int
) -> None:
    context = make_context(make_job("accuracy", prepared=str(folder)))
    _, expected, _ = walk(context)
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:keep])
    source, pixels, _ = walk(context)
    assert source.status in ("off", "made")
    assert all(np.array_equal(a, b) for a, b in zip(pixels, expected, strict=True))
