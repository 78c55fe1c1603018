"""Remembered content hashes: reused while a file is the same, never stale, never in the way."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest

from bench.core.places import cache_folder
from bench.datasets import hashes
from bench.datasets.hashes import HashCache
from bench.errors import DataError


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file; files count as settled at once, so that tests need not wait."""
    monkeypatch.setattr(hashes, "_SETTLED_NS", -60_000_000_000)
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"first")
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the list of files that are really read."""
    seen: list[Path] = []
    real = hashes.hash_file
    monkeypatch.setattr(hashes, "hash_file", lambda path: (seen.append(path), real(path))[1])
    return seen


def test_a_file_is_read_once_and_known_to_later_processes(
    photo: Path, tmp_path: Path, reads: list[Path]
) -> None:
    expected = {photo: hashlib.sha256(b"first").hexdigest()}
    for _ in range(3):
        assert HashCache(tmp_path / "cache").sha256_of([photo]) == expected
    assert reads == [photo]


def test_a_changed_file_of_the_same_size_and_time_is_read_again(
    photo: Path, tmp_path: Path, reads: list[Path]
) -> None:
    cache = HashCache(tmp_path / "cache")
    before = os.stat(photo)
    cache.sha256_of([photo])
    photo.write_bytes(b"other")
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.sha256_of([photo]) == {photo: hashlib.sha256(b"other").hexdigest()}
    replacement = photo.with_suffix(".new")
    replacement.write_bytes(b"third")
    os.utime(replacement, ns=(before.st_atime_ns, before.st_mtime_ns))
    replacement.rename(photo)
    assert cache.sha256_of([photo]) == {photo: hashlib.sha256(b"third").hexdigest()}
    assert len(reads) == 3


def test_a_file_that_changed_just_now_is_not_trusted_to_stay(
    photo: Path, tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "_SETTLED_NS", 60_000_000_000)
    for _ in range(2):
        HashCache(tmp_path / "cache").sha256_of([photo])
    assert len(reads) == 2


def test_a_damaged_memory_is_replaced(photo: Path, tmp_path: Path, reads: list[Path]) -> None:
    cache = HashCache(tmp_path / "cache")
    cache.sha256_of([photo])
    file = next((tmp_path / "cache").iterdir())
    file.write_bytes(b"no database" * 1000)
    for _ in range(2):
        assert cache.sha256_of([photo]) == {photo: hashlib.sha256(b"first").hexdigest()}
    assert len(reads) == 2


def test_a_place_that_cannot_be_written_only_costs_time(photo: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert HashCache(blocked / "cache").sha256_of([photo]) == {photo: hashlib.sha256(b"first").hexdigest()}


def test_folders_with_signs_of_sql_and_likeness_are_kept_apart(photo: Path, tmp_path: Path) -> None:
    paths = [tmp_path / name / "x.jpg" for name in ("a_b", "a%b", "a'b", "a", "a0")]
    for path in paths:
        path.parent.mkdir()
        path.write_bytes(path.parent.name.encode())
    cache = HashCache(tmp_path / "cache")
    for _ in range(2):
        assert cache.sha256_of(paths) == {
            p: hashlib.sha256(p.parent.name.encode()).hexdigest() for p in paths
        }


def test_several_threads_may_remember_at_once(photo: Path, tmp_path: Path) -> None:
    paths = [photo.with_name(f"{i}.jpg") for i in range(40)]
    for path in paths:
        path.write_bytes(path.name.encode())
    workers = [
        threading.Thread(target=lambda part=part: HashCache(tmp_path / "cache").sha256_of(part))  # type: ignore[misc]
        for part in (paths[:20], paths[10:30], paths[20:])
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    database = sqlite3.connect(next((tmp_path / "cache").glob("*.sqlite")))
    assert database.execute("SELECT count(*) FROM hashes").fetchone() == (40,)
    database.close()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        HashCache(tmp_path / "cache").sha256_of([tmp_path / "none.jpg"])
    assert str(caught.value) == (
        f"{tmp_path / 'none.jpg'}: cannot be read (No such file or directory), "
        "expected a readable file: restore it"
    )


def test_the_cache_folder_is_chosen_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("BENCH_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "detector-bench"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "detector-bench"
    monkeypatch.setenv("BENCH_CACHE", "~/mine")
    assert cache_folder() == tmp_path / "mine"
    assert not (tmp_path / "mine").exists()
