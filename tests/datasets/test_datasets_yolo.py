"""YOLO label folders: what is read from them, and what wrong ones are answered with."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_folders import photo_bytes, write

from bench.core.suite import CocoData
from bench.datasets.coco_names import COCO_80_NAMES, category_ids
from bench.datasets.hashes import HashCache
from bench.datasets.instances import Instances
from bench.datasets.normal_form import normal_form
from bench.datasets.yolo import YoloSource
from bench.datasets.yolo_labels import parse_labels
from bench.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data set of three photos: two with label files, one without; sizes 40 x 20."""
    for name in ("a", "b", "c"):
        write(tmp_path / "images" / "val" / f"{name}.jpg", photo_bytes(40, 20, ord(name)))
    write(tmp_path / "labels" / "val" / "a.txt", "0 0.5 0.5 0.5 1.0\n\n1 0.25 0.5 0.1 0.2\n")
    write(tmp_path / "labels" / "val" / "b.txt", "")
    write(tmp_path / "data.yaml", "path: .\nval: images/val\nnames: {0: cat, 1: dog}\n")
    return tmp_path


def by_yaml(folder: Path, **options: str) -> CocoData:
    return CocoData("", str(folder / "data.yaml"), format="yolo", options=options)


def by_folder(folder: Path, **fields: Any) -> CocoData:
    fields = {"annotations": "", **fields}
    return CocoData(str(folder / "images" / "val"), format="yolo", **fields)


def read(data: CocoData) -> Instances:
    return YoloSource(data).read(Path("unused"))


def error_of(data: CocoData) -> str:
    with pytest.raises(DataError) as caught:
        read(data)
    return str(caught.value)


def test_fractions_become_pixels_of_the_photo(folder: Path) -> None:
    for data in (by_yaml(folder), by_folder(folder)):
        found = read(data)
        assert [(photo.id, photo.file_name, photo.width, photo.height) for photo in found.photos] == [
            (1, "a.jpg", 40, 20), (2, "b.jpg", 40, 20), (3, "c.jpg", 40, 20),
        ]  # fmt: skip
        boxes = [one.box for one in found.photos[0].objects]
        # cx 0.5 of 40, w 0.5 of 40: x from 10, 20 wide; the whole height of 20.
        assert np.allclose(boxes, [[10, 0, 20, 20], [8, 8, 4, 4]])
        assert [one.category for one in found.photos[0].objects] == [1, 2]
        assert found.categories == {1: "cat", 2: "dog"}


def test_an_empty_or_missing_label_file_is_a_photo_without_objects_and_the_missing_one_is_told(
    folder: Path,
) -> None:
    found = read(by_yaml(folder))
    assert not found.photos[1].objects and not found.photos[2].objects
    assert found.notes == ("photos without a label file count as empty of objects: c.jpg",)


def test_the_normal_form_is_coco_that_pycocotools_reads_with_the_same_boxes(
    folder: Path, tmp_path: Path
) -> None:
    from pycocotools.coco import COCO

    form = normal_form(by_yaml(folder), tmp_path / "cache", HashCache(tmp_path / "cache"))
    coco = COCO(str(form.annotations))
    assert sorted(coco.getImgIds()) == [1, 2, 3] and sorted(coco.getCatIds()) == [1, 2]
    assert np.allclose([one["bbox"] for one in coco.loadAnns([1, 2])], [[10, 0, 20, 20], [8, 8, 4, 4]])
    assert np.allclose([one["area"] for one in coco.loadAnns([1, 2])], [400, 16])
    assert form.images == folder / "images" / "val" and form.notes


def test_fractions_are_of_the_photo_as_it_is_shown(folder: Path) -> None:
    write(folder / "images" / "val" / "a.jpg", photo_bytes(40, 20, orientation=6))
    photo = read(by_yaml(folder)).photos[0]
    assert (photo.width, photo.height) == (20, 40)
    assert np.allclose(photo.objects[0].box, [5, 0, 10, 40])


def test_a_polygon_becomes_the_box_around_it(folder: Path) -> None:
    write(folder / "labels" / "val" / "a.txt", "1 0.1 0.2 0.5 0.1 0.3 0.9\n")
    assert np.allclose(read(by_yaml(folder)).photos[0].objects[0].box, [4, 2, 16, 16])


def test_keypoints_behind_a_box_are_left_out_where_the_data_set_declares_them(folder: Path) -> None:
    write(folder / "data.yaml", "val: images/val\nkpt_shape: [2, 2]\nnames: [cat]\n")
    write(folder / "labels" / "val" / "a.txt", "0 0.5 0.5 0.5 1.0 0.1 0.2 0.3 0.4\n")
    assert np.allclose(read(by_yaml(folder)).photos[0].objects[0].box, [10, 0, 20, 20])


def test_a_line_that_stands_there_twice_counts_once(folder: Path) -> None:
    write(folder / "labels" / "val" / "b.txt", "0 0.5 0.5 0.5 1.0\n0 0.50 0.5 0.5 1\n")
    found = read(by_yaml(folder))
    assert len(found.photos[1].objects) == 1
    assert found.notes[0] == f"label lines that stand there twice count once: {folder / 'labels/val/b.txt'}"


def test_photos_named_by_numbers_keep_them_as_ids(tmp_path: Path) -> None:
    for number in (139, 7):
        write(tmp_path / "images" / f"{number:012d}.jpg", photo_bytes(8, 8, number))
        write(tmp_path / "labels" / f"{number:012d}.txt", "0 .5 .5 .5 .5")
    write(tmp_path / "classes.txt", "cat\n")
    data = CocoData(str(tmp_path / "images"), "", format="yolo")
    assert [photo.id for photo in read(data).photos] == [7, 139]


def test_labels_may_lie_beside_the_photos_or_in_a_folder_of_their_own(folder: Path) -> None:
    (folder / "labels").rename(folder / "elsewhere")
    assert read(by_folder(folder, annotations=str(folder / "elsewhere" / "val"))).num_objects == 2
    (folder / "elsewhere" / "val" / "a.txt").rename(folder / "images" / "val" / "a.txt")
    assert read(by_folder(folder)).num_objects == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.yaml", "names: [cat, dog]"),
        ("data.yaml", "nc: 2\nnames: {1: dog, 0: cat}"),
        ("classes.txt", "cat\ndog\n\n"),
        ("obj.names", "\ufeffcat\r\ndog\r\n"),
        # As a suite reads the same file for a model's labels.
        ("classes.txt", "1: dog\n0: cat\n"),
    ],
)
def test_class_names_are_read_from_every_usual_file(folder: Path, name: str, content: str) -> None:
    (folder / "data.yaml").unlink()
    write(folder / name, content)
    assert read(by_folder(folder)).categories == {1: "cat", 2: "dog"}


def test_numbers_that_do_not_count_the_classes_belong_to_their_names(folder: Path) -> None:
    (folder / "data.yaml").unlink()
    write(folder / "classes.txt", "3 wheeler\n4 wheeler\n")
    assert read(by_folder(folder)).categories == {1: "3 wheeler", 2: "4 wheeler"}


def test_coco_classes_have_cocos_own_ids_also_under_darknets_names() -> None:
    assert category_ids(COCO_80_NAMES)[0] == 1 and category_ids(COCO_80_NAMES)[-1] == 90
    darknet = list(COCO_80_NAMES)
    darknet[darknet.index("tv")], darknet[darknet.index("couch")] = "tvmonitor", "sofa"
    assert category_ids(darknet) == category_ids(COCO_80_NAMES)
    assert category_ids(COCO_80_NAMES[::-1]) == tuple(range(1, 81))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("2 .5 .5 .1 .1", "got class 2, expected a whole number from 0 to 1, as classes are named"),
        ("-1 .5 .5 .1 .1", "got class -1, expected a whole number from 0 to 1, as classes are named"),
        ("0.5 .5 .5 .1 .1", "got class 0.5, expected a whole number from 0 to 1, as classes are named"),
        ("0 .5 .5 .1", "got 4 values, expected 5 (class cx cy w h), or a class and 3 or more points"),
        ("0 .5 .5 .1 .1 .9", "got 6 values, expected class cx cy w h; is this a prediction with its score?"),
        ("0 .5 .5 .1 .1 .9 .1 .2", "got 8 values, expected 5 (class cx cy w h), or a class and 3 or more points"),
        ("0 120 80 30 40", "got 120, expected fractions from 0 to 1; are these pixels?"),
        ("0 .5 .5 .1 -.1", "got -0.1, expected fractions from 0 to 1; are these pixels?"),
        ("0 .5 nan .1 .1", "got a value that is no finite number"),
        ("cat .5 .5 .1 .1", "got 'cat .5 .5 .1 .1', expected numbers: class cx cy w h"),
    ],
)  # fmt: skip
def test_wrong_lines_are_named_with_their_number(folder: Path, line: str, problem: str) -> None:
    file = write(folder / "labels" / "val" / "b.txt", f"0 .5 .5 .5 .5\n\n{line}\n")
    assert error_of(by_yaml(folder)) == f"{file}:3: {problem}"


def test_many_problems_are_counted_and_the_first_ten_told(folder: Path) -> None:
    write(folder / "labels" / "val" / "a.txt", "9 0 0 0 0\n" * 7)
    write(folder / "labels" / "val" / "b.txt", "9 0 0 0 0\n" * 7)
    lines = error_of(by_yaml(folder)).splitlines()
    assert len(lines) == 11 and lines[-1] == "and 4 more, 14 in all"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("names: [cat]", "val names no folder of photos; splits that it has: none"),
        ("train: images/val\nnames: [cat]", "val names no folder of photos; splits that it has: train"),
        ("val: images/none\nnames: [cat]", "val: there is no {}/images/none, expected a folder or a list of photos"),
        ("val: images/val\nnames: [yes]", "class 0 is True, expected text: put it in quotes"),
        ("val: images/val\nnc: 3\nnames: [cat]", "nc is 3, but 1 classes have names: correct one of them"),
        ("val: images/val\nnames: {1: cat}", "the keys of `names` are not 0 to 0: number all classes"),
        ("val: images/val\nnames: [cat, cat]", "classes 0 and 1 are both 'cat': rename one"),
        ("val: images/val", "`names` is NoneType, expected a list of class names"),
        ("[1]", "got a list, expected keys such as val and names"),
    ],
)  # fmt: skip
def test_a_wrong_data_yaml_is_answered_with_its_key(folder: Path, content: str, error: str) -> None:
    file = write(folder / "data.yaml", content)
    assert error_of(by_yaml(folder)) == f"{file}: {error.format(folder)}"


def test_a_split_may_be_a_list_of_photos_or_several_folders(folder: Path) -> None:
    write(folder / "val.txt", "./images/val/a.jpg\n\nimages/val/c.jpg\n")
    write(folder / "data.yaml", "val: val.txt\ntest: [images/val, images/more]\nnames: [cat, dog]\n")
    write(folder / "images" / "more" / "d.jpg", photo_bytes(40, 20))
    listed = read(by_yaml(folder))
    assert [photo.file_name for photo in listed.photos] == ["a.jpg", "c.jpg"] and listed.num_objects == 2
    both = read(by_yaml(folder, split="test"))
    assert [photo.file_name for photo in both.photos] == ["more/d.jpg", "val/a.jpg", "val/b.jpg", "val/c.jpg"]


def test_a_folder_without_any_labels_says_where_they_were_expected(folder: Path) -> None:
    (folder / "labels").rename(folder / "elsewhere")
    (folder / "images" / "val" / "b.jpg").unlink()
    assert error_of(by_folder(folder)) == (
        f"{folder / 'images/val'}: none of the 2 photos has a label file, expected "
        f"{folder / 'labels/val/a.txt'} or {folder / 'images/val/a.txt'} for a.jpg: name the folder of labels"
    )


def test_a_photo_that_is_none_is_named(folder: Path) -> None:
    file = write(folder / "images" / "val" / "c.jpg", "<html>")
    assert error_of(by_yaml(folder)).startswith(f"{file}: cannot be read as a photo")


def test_the_normal_form_is_kept_and_made_again_when_a_label_or_a_class_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"

    def form() -> Path:
        return normal_form(by_yaml(folder), cache, HashCache(cache)).annotations

    first = form()
    with monkeypatch.context() as patched:
        patched.setattr(YoloSource, "read", None)
        assert form() == first
    write(folder / "labels" / "val" / "b.txt", "1 .5 .5 .5 .5\n")
    second = form()
    write(folder / "data.yaml", "val: images/val\nnames: [cat, cow]\n")
    third = form()
    assert len({first, second, third}) == 3
    assert [len(json.loads(path.read_text())["annotations"]) for path in (first, second)] == [2, 3]
    assert json.loads(third.read_text())["categories"][1] == {"id": 2, "name": "cow"}
    assert len(list((cache / "datasets" / "converted").iterdir())) == 3


SIDE = st.floats(0, 1)


@given(st.lists(st.tuples(st.integers(0, 9), SIDE, SIDE, SIDE, SIDE), max_size=8))
def test_what_is_written_as_lines_is_read_back(rows: list[tuple[int, float, float, float, float]]) -> None:
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    problems: list[str] = []
    found = parse_labels(text, 10, False, lambda problem, line: problems.append(problem))
    assert not problems and [box.index for box in found] == [row[0] for row in rows]
    for box, (_, x, y, width, height) in zip(found, rows, strict=True):
        left, top, right, bottom = box.box
        assert np.allclose([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top],
                           [x, y, width, height])  # fmt: skip


@given(st.text(max_size=80))
def test_any_text_is_read_or_complained_of(text: str) -> None:
    problems: list[int] = []
    found = parse_labels(text, 3, False, lambda problem, line: problems.append(line))
    assert len(found) + len(problems) == sum(bool(line.split()) for line in text.splitlines())
