"""COCO annotation files and image folders: what is read, and what wrong ones are answered with."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO

from bench.datasets import annotation_index
from bench.datasets.checks import check_categories, check_disjoint
from bench.datasets.coco import evaluation_data, image_set
from bench.datasets.draw import draw
from bench.datasets.hashes import HashCache
from bench.detectors.presets import default_description
from bench.errors import DataError


def document(count: int = 4) -> dict[str, Any]:
    """Return a small data set: image ids 10, 20, ... with one object each, categories 3 and 7."""
    return {
        "images": [
            {"id": 10 * i, "file_name": f"{i}.jpg", "width": 8, "height": 8} for i in range(1, count + 1)
        ],
        "annotations": [
            {"id": i, "image_id": 10 * i, "category_id": 3, "bbox": [0, 0, 4, 4], "area": 16, "iscrowd": 0}
            for i in range(1, count + 1)
        ],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
    }


@pytest.fixture
def place(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that writes a data set and its images, and reads it."""

    def reader(content: Any = None, limit: int = 0, seed: int = 0, images: int = 4):  # type: ignore[no-untyped-def]
        folder = tmp_path / "images"
        folder.mkdir(exist_ok=True)
        for i in range(1, images + 1):
            (folder / f"{i}.jpg").write_bytes(b"photo %d" % i)
        file = tmp_path / "a.json"
        text = content if isinstance(content, str) else json.dumps(document() if content is None else content)
        file.write_text(text)
        return evaluation_data(folder, file, limit, seed, HashCache(tmp_path / "cache"))

    return reader


def test_images_come_in_id_order_with_paths_hashes_and_original_categories(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["images"].reverse()
    data = place(content)
    assert [image.id for image in data.images] == [10, 20, 30, 40]
    assert data.images[0].path == str(tmp_path / "images" / "1.jpg")
    # printf 'photo 1' | sha256sum
    assert data.images[0].sha256 == "e5a5555d73bc0e1568d65563abf327bd6c0b9b9dc3336e86e0b17e865e9ee6d2"
    assert data.categories == {3: "cat", 7: "dog"} and data.warnings == ()
    assert {image.id for image in data.images} == set(COCO(data.annotations).getImgIds())


def test_declared_sizes_come_with_the_images_and_may_be_left_out(place) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["images"][0].update(width=640, height=480)
    del content["images"][1]["width"]
    content["images"][2]["height"] = 0
    sizes = [(image.width, image.height) for image in place(content).images]
    assert sizes == [(640, 480), (0, 0), (0, 0), (8, 8)]


def test_the_draw_is_pinned_for_ever() -> None:
    keys = [str(number) for number in range(1000)]
    assert draw(keys, 5, seed=0) == draw(reversed(keys), 5, seed=0)
    assert draw(keys, 5, 0) == ["392", "942", "404", "87", "923"]
    assert draw(keys, 5, 1) == ["819", "989", "691", "932", "661"]


def test_a_smaller_draw_is_the_beginning_of_a_larger_one_and_survives_new_keys() -> None:
    keys = [str(number) for number in range(1000)]
    assert draw(keys, 100, 3)[:20] == draw(keys, 20, 3)
    grown = draw([*keys, "new"], 100, 3)
    assert len(set(grown) - set(draw(keys, 100, 3))) <= 1
    assert sorted(draw(keys, 0, 3)) == sorted(keys)


def test_a_limit_draws_the_same_images_whatever_their_order_in_the_file(place) -> None:  # type: ignore[no-untyped-def]
    chosen = [image.id for image in place(limit=2, seed=5).images]
    content = document()
    content["images"].reverse()
    assert [image.id for image in place(content, limit=2, seed=5).images] == chosen == sorted(chosen)
    assert len({tuple(image.id for image in place(limit=2, seed=seed).images) for seed in range(20)}) > 1


def test_the_hash_of_the_data_follows_images_ids_and_annotations(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    first = place()
    assert place().sha256 == first.sha256
    assert place(limit=2).sha256 != first.sha256
    content = document()
    content["annotations"][0]["bbox"] = [0, 0, 4, 5]
    other = place(content)
    assert other.sha256 != first.sha256 and other.annotations_sha256 != first.annotations_sha256
    assert other.images == first.images


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the small data set with one value changed; `path` as `images.0.id`, None removes."""
    content: Any = document(8)
    *steps, last = path.split(".")
    target = content
    for step in steps:
        target = target[int(step)] if step.isdigit() else target[step]
    if value is None:
        del target[int(last) if last.isdigit() else last]
    else:
        target[last] = value
    return content  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('{"images": [', "not readable as JSON (Expecting value: line 1 column 13 (char 12)), expected COCO annotations "
         "in JSON: fetch or export the file again"),
        ("[]", "got a JSON list, expected an object with images, annotations, categories"),
        (changed("categories", None),
         "categories: missing, expected a list; is this COCO's instances file, not captions or results?"),
        (changed("images", {}), "images: got a JSON dict, expected a list"),
        (changed("images", []), "images: the list is empty, expected one entry or more"),
        (changed("images.1.id", "x"), "images: no integer id in images[1], expected one in every entry"),
        (changed("images.1.id", 10), "images: ids that stand there twice: 10, expected unique ids"),
        (changed("annotations.1.id", 1), "annotations: ids that stand there twice: 1, expected unique ids"),
        (changed("images.0.file_name", None), "images: no file_name in images[0], expected text in every entry"),
        (changed("images.3.width", 8.5), "images: no usable width and height in images[3], expected whole pixels"),
        (changed("images.3.height", "8"), "images: no usable width and height in images[3], expected whole pixels"),
        (changed("categories.1.name", 5), "categories: no name in categories[1], expected text in every entry"),
        (changed("annotations.2.image_id", 11),
         "annotations: image_id not among the images in ids 3, expected a listed image"),
        (changed("annotations.2.category_id", 4),
         "annotations: category_id not among the categories in ids 3, expected a listed category"),
        (changed("annotations.2.bbox", [0, 0, 4]),
         "annotations: no usable bbox in ids 3, expected [x, y, width, height] in finite pixels"),
        (changed("annotations.2.bbox", [0, 0, 4, -1]),
         "annotations: no usable bbox in ids 3, expected [x, y, width, height] in finite pixels"),
        (changed("annotations.2.bbox", [0, 0, 4, float("nan")]),
         "annotations: no usable bbox in ids 3, expected [x, y, width, height] in finite pixels"),
        (changed("categories", [{"id": 9, "name": "x"}]), "annotations: category_id not among the categories in ids 1, 2, "
         "3, 4, 5 and 3 more (8 in all), expected a listed category"),
    ],
)  # fmt: skip
def test_wrong_annotations_are_named(content: Any, error: str, place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError) as caught:
        place(content, images=8)
    assert str(caught.value) == f"{tmp_path / 'a.json'}: {error}"


def test_several_faults_of_an_annotation_file_are_told_together(place) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["annotations"][0]["image_id"] = 99
    content["annotations"][1]["category_id"] = 99
    with pytest.raises(DataError) as caught:
        place(content)
    assert len(str(caught.value).splitlines()) == 2


def test_boxes_that_cannot_match_are_a_warning_not_an_error(place) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["annotations"][0]["bbox"] = [1, 1, 0, 4]
    assert place(content).warnings == (
        "objects without width or height that no detection can match: annotation ids 1",
    )


def test_boxes_far_over_the_edge_are_a_warning_with_a_guess(place) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["annotations"][0]["bbox"] = [-1, -1, 11, 11]
    content["annotations"][1]["bbox"] = [6, 0, 4.5, 4]
    content["annotations"][2]["bbox"] = [0, -3, 4, 4]
    del content["images"][3]["width"]
    content["annotations"][3]["bbox"] = [900, 0, 4, 4]
    assert place(content).warnings == (
        "objects that reach over their photo's edge by more than 2 pixels: annotation ids 2, 3; are sizes and boxes "
        "of the same photos?",
    )


def test_images_without_any_object_are_a_warning(place) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["annotations"] = []
    assert place(content).warnings == (
        "none of the chosen images has an annotated object, so there is no mAP",
    )


def test_missing_images_are_named_and_counted(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError) as caught:
        place(document(9), images=2)
    assert str(caught.value) == (
        f"{tmp_path / 'images'}: 7 of 9 images are missing (3.jpg, 4.jpg, 5.jpg, 6.jpg, 7.jpg, ...): "
        "fetch them, or take them out of the annotations"
    )


def test_a_wrong_folder_is_recognised_by_no_image_being_there(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError) as caught:
        place(document(2), images=0)
    assert str(caught.value) == (
        f"{tmp_path / 'images'}: 2 of 2 images are missing (1.jpg, 2.jpg): "
        "name the folder that the annotations' file names are relative to"
    )


def test_an_empty_file_is_an_unfinished_download(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    place()
    (tmp_path / "images" / "3.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 4 images are empty files \(3.jpg\): fetch them again"):
        evaluation_data(tmp_path / "images", tmp_path / "a.json", 0, 0, HashCache(tmp_path / "cache"))


def test_an_annotation_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        evaluation_data(tmp_path, tmp_path / "none.json", 0, 0, HashCache(tmp_path))
    assert str(caught.value) == (
        f"{tmp_path / 'none.json'}: there is no such file, expected COCO annotations: name another or fetch it"
    )


def test_an_image_set_takes_images_from_subfolders_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    for name in ("a.jpg", "b.PNG", "sub/c.jpeg", "notes.txt", ".hidden.jpg", ".cache/d.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    images = image_set(folder, 0, 0, HashCache(tmp_path / "cache"))
    assert {Path(image.path).relative_to(folder).as_posix() for image in images.images} == {
        "a.jpg",
        "b.PNG",
        "sub/c.jpeg",
    }
    two = image_set(folder, 2, 0, HashCache(tmp_path / "cache"))
    assert two.images == images.images[:2] and two.sha256 != images.sha256 and two.annotations == ""


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError) as caught:
        image_set(tmp_path, 0, 0, HashCache(tmp_path / "cache"))
    assert str(caught.value) == (
        f"{tmp_path}: holds no images, expected files ending in .jpg, .jpeg, .png, .bmp, .webp: name another folder"
    )


def test_a_copy_under_another_name_is_found_among_calibration_images(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    data = place()
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "other.jpg").write_bytes(b"photo 2")
    (folder / "own.jpg").write_bytes(b"own")
    with pytest.raises(DataError) as caught:
        check_disjoint(data, image_set(folder, 0, 0, HashCache(tmp_path / "cache")))
    assert str(caught.value).endswith(
        f"The same content: {tmp_path / 'images' / '2.jpg'} = {folder / 'other.jpg'}"
    )
    (folder / "other.jpg").unlink()
    check_disjoint(data, image_set(folder, 0, 0, HashCache(tmp_path / "cache")))


def test_category_ids_that_the_annotations_do_not_know_are_named(place) -> None:  # type: ignore[no-untyped-def]
    data = place()
    fitting = default_description("yolov8", 64, 64, num_classes=3)
    assert check_categories(fitting, data) == (
        f"2 of the model's 3 category ids are unknown to {data.annotations}: 1, 2. It has 3 cat, 7 dog; correct "
        "detector.labels unless that is meant"
    )
    content = document()
    content["categories"] += [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]
    assert check_categories(fitting, place(content)) == ""


def test_known_annotations_are_not_parsed_again_and_say_the_same(
    place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    content = document()
    content["annotations"][0]["bbox"] = [1, 1, 0, 4]
    first = place(content)
    monkeypatch.setattr(annotation_index, "read_annotations", None)
    assert place(content) == first and first.warnings


def test_a_damaged_memory_of_annotations_is_passed_over(place, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    first = place()
    (entry,) = (tmp_path / "cache" / "annotations").iterdir()
    for damage in ("", "{}", "[1]", '{"images": 5}', '{"images": [[1]]}', entry.read_text()[:-20]):
        entry.write_text(damage)
        assert place() == first


def test_annotations_with_faults_are_refused_every_time(place) -> None:  # type: ignore[no-untyped-def]
    for _ in range(2):
        with pytest.raises(DataError, match="categories: missing"):
            place(changed("categories", None))
