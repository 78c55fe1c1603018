"""Matches say which object each detection took; they and detections survive their files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from coco_synthetic import (
    as_ground_truth,
    evaluate_with_pycocotools,
    make_annotations,
    make_detections,
    make_detections_of,
    make_truth_of,
)

from bench.errors import DataError
from bench.metrics.accumulate import accumulate
from bench.metrics.detections import Detections, concatenate
from bench.metrics.matches import load_matches, save_matches
from bench.metrics.matching import match


def test_each_detection_takes_the_object_that_pycocotools_gives_it() -> None:
    truth = make_annotations(11, num_images=15, num_categories=3, objects=12)
    detections = make_detections(12, truth, per_image=60)
    matches = match(detections, as_ground_truth(truth))
    ours = {}
    for place, took in zip(matches.candidate, matches.matched, strict=True):
        ids = np.where(took >= 0, matches.truth_id[took], 0)
        ours[int(matches.row[place]) + 1] = ids
    oracle = evaluate_with_pycocotools(truth, detections)
    evaluations = [one for one in oracle.evalImgs if one is not None]
    assert evaluations
    for one in evaluations:
        area = oracle.params.areaRng.index(one["aRng"])
        for column, detection_id in enumerate(one["dtIds"]):
            expected = one["dtMatches"][:, column]
            taken = ours.get(detection_id)
            assert (expected == (0 if taken is None else taken[area])).all()


def test_detections_stand_by_category_and_falling_score_with_ties_by_image() -> None:
    truth = make_truth_of([(1, 1, [0, 0, 40, 40], 0)], [2, 1], [5, 1])
    rows = [(2, 1, 0.5), (1, 1, 0.5), (1, 5, 0.9), (1, 1, 0.75), (1, 1, 0.5)]
    detections = make_detections_of([(*row, [0.0, 0.0, 9.0, 9.0]) for row in rows], [1, 2])
    matches = match(detections, as_ground_truth(truth))
    assert matches.row.tolist() == [3, 1, 4, 0, 2]
    assert matches.rank.tolist() == [0, 1, 2, 0, 0]


def test_matches_read_back_are_equal_and_score_equally(tmp_path: Path) -> None:
    truth = make_annotations(13, num_images=10, num_categories=4)
    matches = match(make_detections(14, truth), as_ground_truth(truth))
    save_matches(matches, tmp_path / "matches.npz")
    again = load_matches(tmp_path / "matches.npz")
    for field in fields(matches):
        kept, read = getattr(matches, field.name), getattr(again, field.name)
        assert kept.dtype == read.dtype and np.array_equal(kept, read)
    assert accumulate(again) == accumulate(matches)
    assert [path.name for path in tmp_path.iterdir()] == ["matches.npz"]


def test_matches_of_a_later_format_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "matches.npz", schema=np.int64(99))
    with pytest.raises(DataError, match="matches of format 99, expected 1"):
        load_matches(tmp_path / "matches.npz")


@pytest.mark.parametrize("content", [b"", b"not a zip file", None])
def test_a_damaged_or_missing_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.npz: cannot be read as a matches file"):
        load_matches(path)
    with pytest.raises(DataError, match=r"broken\.npz: cannot be read as a detections file"):
        Detections.load(path)


def test_a_truncated_detections_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cut.npz"
    make_detections_of([(1, 1, 0.5, [0, 0, 9, 9])], [1]).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"cut\.npz: cannot be read"):
        Detections.load(path)


@pytest.mark.parametrize("where", [0.1, 0.2, 0.3, 0.5, 0.7])
def test_a_detections_file_with_a_damaged_byte_never_reads_as_other_numbers(
    tmp_path: Path, where: float
) -> None:
    path = tmp_path / "flipped.npz"
    rows = [(1, index % 5, index / 200, [index, 2.0, 3.0, index * 0.7]) for index in range(200)]
    make_detections_of(rows, [1]).save(path)
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 0x5A
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"flipped\.npz"):
        Detections.load(path)


def test_shards_read_back_and_joined_are_the_whole(tmp_path: Path) -> None:
    whole = make_detections(15, make_annotations(16, num_images=6, num_categories=3), per_image=20)
    shards = []
    for part in ([1, 2], [3, 4, 5], [6]):
        rows = np.isin(whole.image_id, part)
        shard = Detections(
            whole.image_id[rows], whole.category_id[rows], whole.score[rows], whole.box[rows], np.array(part)
        )
        shard.save(tmp_path / f"{part[0]}.npz")
        shards.append(Detections.load(tmp_path / f"{part[0]}.npz"))
    joined = concatenate(shards)
    for field in fields(whole):
        assert np.array_equal(getattr(joined, field.name), getattr(whole, field.name))


def test_an_image_in_two_shards_is_an_error() -> None:
    shard = make_detections_of([], [4])
    with pytest.raises(DataError, match="image 4 was run twice"):
        concatenate([shard, shard])
    with pytest.raises(DataError, match="no shard of detections"):
        concatenate([])


def test_a_detection_that_is_not_a_number_is_named() -> None:
    truth = as_ground_truth(make_truth_of([], [3], [1]))
    detections = make_detections_of([(3, 1, 0.5, [0, 0, 9, 9]), (3, 1, float("nan"), [0, 0, 9, 9])], [3])
    with pytest.raises(DataError, match="detection 1 of image 3 has score nan"):
        match(detections, truth)


def test_a_detection_of_an_image_that_was_not_run_is_an_error() -> None:
    truth = as_ground_truth(make_truth_of([], [3], [1]))
    with pytest.raises(DataError, match="detections of image 8, which is not among the images"):
        match(make_detections_of([(8, 1, 0.5, [0, 0, 9, 9])], [3]), truth)
