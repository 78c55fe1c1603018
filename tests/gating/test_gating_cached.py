"""Cached changes are those of resampling, follow the content, and a broken cache changes no answer."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))

from coco_synthetic import as_ground_truth, make_annotations, make_detections

from bench.errors import DataError
from bench.gating import cached
from bench.gating.cached import IntervalCache
from bench.gating.cases import change_of_files
from bench.metrics.matches import save_matches
from bench.metrics.matching import match

ASKED = ("map_50_95", 20, 0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Write match data of two detectors, old enough to be trusted by its time."""
    truth = make_annotations(0, 12, num_categories=3)
    paths = tmp_path / "old.npz", tmp_path / "new.npz"
    for seed, path in enumerate(paths):
        save_matches(match(make_detections(seed, truth, 10), as_ground_truth(truth)), path)
        os.utime(path, (1e9, 1e9))
    return paths


def refuse(*_: object) -> None:
    raise AssertionError("resampled or read again")


def test_a_change_is_resampled_once(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = change_of_files(*files, *ASKED)
    with IntervalCache(tmp_path / "cache/i.sqlite") as changes:
        assert changes(*files, *ASKED) == expected
    monkeypatch.setattr(cached, "ap_change", refuse)
    monkeypatch.setattr(cached, "load_matches", refuse)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with IntervalCache(tmp_path / "cache/i.sqlite") as changes:
        assert changes(*files, *ASKED) == expected
        with pytest.raises(AssertionError):
            changes(*files, "map_50_95", 21, 0)


def test_equal_files_are_not_resampled(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "ap_change", refuse)
    copy = shutil.copyfile(files[0], tmp_path / "copy.npz")
    with IntervalCache(tmp_path / "i.sqlite") as changes:
        change = changes(files[0], copy, *ASKED)
    assert change is not None and (change.value, change.standard_error, change.num_images) == (0.0, 0.0, 12)


def test_other_content_under_the_same_name_is_another_change(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    with IntervalCache(tmp_path / "i.sqlite") as changes:
        before = changes(*files, *ASKED)
        shutil.copyfile(files[0], files[1])
        after = changes(*files, *ASKED)
    assert before is not None and before.standard_error > 0
    assert after is not None and after.standard_error == 0


@pytest.mark.parametrize("place", ["file/cache.sqlite", "broken.sqlite"])
def test_a_cache_that_cannot_be_used_changes_no_answer(
    files: tuple[Path, Path], tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "broken.sqlite").write_text("this is no database, and long enough to be taken for one" * 40)
    with IntervalCache(tmp_path / place) as changes:
        assert changes(*files, *ASKED) == change_of_files(*files, *ASKED)


def test_missing_match_data_is_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    with IntervalCache(tmp_path / "i.sqlite") as changes, pytest.raises(DataError, match="cannot be read"):
        changes(tmp_path / "gone.npz", files[1], *ASKED)
