"""Rendered splits on disk: loadable, reusable, whole or absent."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from bench.datasets.rendered import files as rendered_files
from bench.datasets.rendered import render_scene, write_split
from bench.errors import DataError


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    return write_split(tmp_path_factory.mktemp("rendered"), "evaluation", 6)


def test_the_images_on_disk_are_the_rendered_pixels(split):
    for index in range(6):
        with Image.open(split / "images" / f"{index:06d}.png") as image:
            assert np.array_equal(np.asarray(image), render_scene("evaluation", index).image)


def test_pycocotools_loads_the_annotations_and_counts_the_same_objects(split):
    from pycocotools.coco import COCO

    coco = COCO(str(split / "instances.json"))
    assert sorted(coco.imgs) == [1, 2, 3, 4, 5, 6]
    assert sorted(coco.cats) == list(range(1, 9))
    for index in range(6):
        scene = render_scene("evaluation", index)
        annotations = coco.loadAnns(coco.getAnnIds(imgIds=index + 1))
        assert [a["bbox"] for a in annotations] == scene.boxes.tolist()
        assert [a["category_id"] for a in annotations] == scene.class_ids.tolist()
        assert all(a["area"] == a["bbox"][2] * a["bbox"][3] and a["iscrowd"] == 0 for a in annotations)


def test_a_smaller_split_is_a_prefix_of_a_larger_one(split, tmp_path):
    few = json.loads((write_split(tmp_path, "evaluation", 3) / "instances.json").read_text())
    many = json.loads((split / "instances.json").read_text())
    assert few["images"] == many["images"][:3]
    assert few["annotations"] == many["annotations"][: len(few["annotations"])]


def test_a_finished_split_is_reused_without_rendering(split, monkeypatch):
    monkeypatch.setattr(rendered_files, "render_scene", lambda *_: pytest.fail("rendered again"))
    assert write_split(split.parent, "evaluation", 6) == split


def test_writers_that_race_for_one_split_agree_and_leave_no_rubbish(tmp_path):
    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(lambda _: write_split(tmp_path, "calibration", 4), range(3)))
    assert [path.name for path in tmp_path.iterdir()] == [folder.name for folder in folders]
    assert len(list((folders.pop() / "images").iterdir())) == 4


def test_a_writer_that_breaks_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(rendered_files, "render_scene", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_split(tmp_path, "train", 2)
    assert list(tmp_path.iterdir()) == []


def test_foreign_files_in_the_place_of_a_split_are_an_error_not_overwritten(tmp_path):
    place = tmp_path / "rendered-v3-train-1-seed0"
    place.mkdir()
    (place / "keep.txt").write_text("mine")
    with pytest.raises(DataError, match="expected a finished rendered split or nothing"):
        write_split(tmp_path, "train", 1)
    assert (place / "keep.txt").read_text() == "mine"


def test_a_count_below_one_is_refused(tmp_path):
    with pytest.raises(DataError, match="got count 0"):
        write_split(tmp_path, "train", 0)
