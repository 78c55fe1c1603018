"""From the data of a suite to prepared images, rendered ones and the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.core.suite import CocoData, RenderedData
from bench.datasets.prepare import prepare_data
from bench.errors import DataError


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


DATA = RenderedData(evaluation=3, calibration=2, training=2, seed=0)


def test_rendered_splits_are_made_once_disjoint_and_annotated(cache: Path) -> None:
    evaluation, calibration, training = prepare_data(DATA, cache)
    assert [len(one.images) for one in (evaluation, calibration, training)] == [3, 2, 2]
    hashes = [image.sha256 for one in (evaluation, calibration, training) for image in one.images]
    assert len(set(hashes)) == 7
    assert len(evaluation.categories) == 8
    listed = json.loads(Path(training.annotations).read_text())["images"]
    assert {image.id: Path(image.path).name for image in training.images} == {
        image["id"]: image["file_name"] for image in listed
    }
    assert prepare_data(DATA, cache) == (evaluation, calibration, training)


def test_a_damaged_rendered_split_says_what_to_remove(cache: Path) -> None:
    evaluation, _, _ = prepare_data(DATA, cache)
    victim = Path(evaluation.images[1].path)
    content = victim.read_bytes()
    victim.unlink()
    with pytest.raises(DataError) as caught:
        prepare_data(DATA, cache)
    victim.write_bytes(content)
    assert str(caught.value).endswith(
        f"These are rendered pictures: remove {victim.parents[1]} to have them made again"
    )


def test_photos_calibrate_and_teach_from_one_folder(tmp_path: Path) -> None:
    data = _photos(tmp_path, calibration=b"own")
    evaluation, calibration, training = prepare_data(data, tmp_path / "cache")
    assert calibration == training and len(calibration.images) == 1
    assert [image.id for image in evaluation.images] == [5]


def test_photos_without_calibration_have_empty_sets(tmp_path: Path) -> None:
    data = _photos(tmp_path, calibration=b"own")
    data = CocoData(data.images, data.annotations)
    _, calibration, training = prepare_data(data, tmp_path / "cache")
    assert calibration.images == training.images == ()


def test_an_evaluation_photo_among_the_calibration_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 images stand in two sets that must share none"):
        prepare_data(_photos(tmp_path, calibration=b"photo"), tmp_path / "cache")


def _photos(folder: Path, calibration: bytes) -> CocoData:
    for name, content in (("val/a.jpg", b"photo"), ("train/b.jpg", calibration)):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(content)
    objects = [{"id": 1, "image_id": 5, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 0}]
    images, categories = [{"id": 5, "file_name": "a.jpg"}], [{"id": 1, "name": "x"}]
    document = {"images": images, "annotations": objects, "categories": categories}
    (folder / "a.json").write_text(json.dumps(document))
    return CocoData(str(folder / "val"), str(folder / "a.json"), calibration_images=str(folder / "train"))
