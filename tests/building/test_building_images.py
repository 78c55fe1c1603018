"""Prepared images are the agent's own pixels, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from building_requests import PREPROCESS, write_photos

from bench.building.images import prepared_pixels
from bench.detectors.photo import decode_photo
from bench.detectors.preprocess import resize
from bench.errors import DataError


def test_prepared_images_are_what_the_agent_makes_of_the_photos(tmp_path: Path) -> None:
    images = write_photos(tmp_path / "photos", 3).images
    pixels = prepared_pixels(images, PREPROCESS, tmp_path)
    expected = [resize(decode_photo(Path(image.path).read_bytes()), PREPROCESS)[0] for image in images]
    np.testing.assert_array_equal(pixels, np.stack(expected))


def test_prepared_images_need_no_photos_the_second_time(tmp_path: Path) -> None:
    images = write_photos(tmp_path / "photos", 3).images
    first = prepared_pixels(images, PREPROCESS, tmp_path)
    for image in images:
        Path(image.path).unlink()
    np.testing.assert_array_equal(prepared_pixels(images, PREPROCESS, tmp_path), first)
    normalised_otherwise = replace(PREPROCESS, mean=(1.0, 2.0, 3.0))
    np.testing.assert_array_equal(prepared_pixels(images, normalised_otherwise, tmp_path), first)
    with pytest.raises(DataError, match="cannot be read"):
        prepared_pixels(images, replace(PREPROCESS, color="bgr"), tmp_path)


def test_a_damaged_cache_file_is_made_again(tmp_path: Path) -> None:
    images = write_photos(tmp_path / "photos", 2).images
    first = prepared_pixels(images, PREPROCESS, tmp_path)
    (cached,) = (tmp_path / "pixels").iterdir()
    cached.write_bytes(cached.read_bytes()[:100])
    np.testing.assert_array_equal(prepared_pixels(images, PREPROCESS, tmp_path), first)


def test_a_photo_that_changed_is_named(tmp_path: Path) -> None:
    images = write_photos(tmp_path / "photos", 2).images
    Path(images[1].path).write_bytes(b"other")
    with pytest.raises(DataError, match=r"1\.png: the image changed since the data set was read"):
        prepared_pixels(images, PREPROCESS, tmp_path)


def test_a_truncated_photo_is_named(tmp_path: Path) -> None:
    (image,) = write_photos(tmp_path / "photos", 1).images
    content = Path(image.path).read_bytes()[:60]
    Path(image.path).write_bytes(content)
    import hashlib

    listed = replace(image, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(DataError, match=r"0\.png: "):
        prepared_pixels([listed], PREPROCESS, tmp_path)
