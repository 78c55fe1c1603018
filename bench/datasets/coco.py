"""Images in folders, with COCO annotations or without, to the nouns that the rest of the project works on.

Nothing is decoded here; a photo that is no photo is found where it is first opened.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.core.data import EvaluationData, ImageSet
from bench.datasets.annotation_index import indexed_annotations
from bench.datasets.annotations import Annotations
from bench.datasets.draw import draw
from bench.datasets.hashes import HashCache
from bench.errors import DataError
from bench.wire.codec import content_hash
from bench.wire.job import ImageRef

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")

# The sha256 of no bytes: a download that was begun and never finished.
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_NUM_NAMED = 5


def evaluation_data(
    images_folder: Path, annotations: Path, limit: int, seed: int, hash_cache: HashCache
) -> EvaluationData:
    """Choose annotated images and hash them.

    Args:
        images_folder: that the annotations' file names are relative to.
        annotations: COCO JSON.
        limit: how many images, drawn over their ids (see `bench.datasets.draw`); 0 for all.

    Returns:
        The images in id order, with the sizes that the annotations declare.

    Raises:
        DataError: the annotations or files do not fit; everything wrong is named, with the cure.
    """
    if not annotations.is_file():
        raise DataError(
            f"{annotations}: there is no such file, expected COCO annotations: name another or fetch it"
        )
    digest = hash_cache.sha256_of([annotations])[annotations]
    read = indexed_annotations(annotations, digest, hash_cache.folder)
    ids = sorted(int(key) for key in draw(map(str, read.images), limit, seed))
    found = _references(images_folder, {number: read.images[number] for number in ids}, hash_cache)
    images = tuple(_declared(image, read.sizes) for image in found)
    return EvaluationData(
        annotations=str(annotations),
        annotations_sha256=digest,
        images=images,
        categories=read.categories,
        sha256=content_hash(
            {"annotations": digest, "images": [[image.id, image.sha256] for image in images]}
        ),
        warnings=_warnings(read, ids),
    )


def image_set(folder: Path, limit: int, seed: int, hash_cache: HashCache) -> ImageSet:
    """Choose images to calibrate on or to learn from, and hash them.

    Args:
        limit: how many, drawn over their names below the folder; 0 for all.

    Returns:
        The images in the order of the draw, so that the first hundred of them are a fair sample.

    Raises:
        DataError: there are none, or one cannot be read.
    """
    names = image_names(folder)
    if not names:
        endings = ", ".join(IMAGE_SUFFIXES)
        raise DataError(f"{folder}: holds no images, expected files ending in {endings}: name another folder")
    position = {name: number for number, name in enumerate(names, start=1)}
    chosen = {position[name]: name for name in draw(names, limit, seed)}
    images = _references(folder, chosen, hash_cache)
    return ImageSet(images, images_hash(images))


def images_hash(images: Iterable[ImageRef]) -> str:
    """Return the hash of a set of images: of their content hashes, in order."""
    return content_hash([image.sha256 for image in images])


def image_names(folder: Path) -> list[str]:
    """Return the images below a folder as `a/b.jpg`, sorted; hidden files and folders are not looked at.

    Raises:
        DataError: the folder cannot be read.
    """
    return sorted(_image_names(folder))


def _image_names(folder: Path) -> Iterator[str]:
    try:
        for place, folders, files in os.walk(folder, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in files:
                if name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith("."):
                    yield Path(place, name).relative_to(folder).as_posix()
    except OSError as problem:
        raise DataError(
            f"{folder}: cannot be read ({problem.strerror}), expected a folder of images"
        ) from problem


def _raise(problem: OSError) -> None:
    raise problem


def _references(folder: Path, names: dict[int, str], hash_cache: HashCache) -> tuple[ImageRef, ...]:
    """Locate and hash images, in the order of `names`."""
    paths = {number: Path(folder, name).absolute() for number, name in names.items()}
    absent = [names[number] for number, path in paths.items() if not path.is_file()]
    if absent:
        raise DataError(_absent(folder, absent, len(paths)))
    hashes = hash_cache.sha256_of(paths.values())
    empty = [names[number] for number, path in paths.items() if hashes[path] == _EMPTY]
    if empty:
        named = _listed(empty)
        raise DataError(
            f"{folder}: {len(empty)} of {len(paths)} images are empty files ({named}): fetch them again"
        )
    return tuple(ImageRef(number, str(path), hashes[path]) for number, path in paths.items())


def _declared(image: ImageRef, sizes: dict[int, tuple[int, int]]) -> ImageRef:
    width, height = sizes.get(image.id, (0, 0))
    return replace(image, width=width, height=height)


def _absent(folder: Path, absent: list[str], total: int) -> str:
    cure = "fetch them, or take them out of the annotations"
    if len(absent) == total:
        cure = "name the folder that the annotations' file names are relative to"
    return f"{folder}: {len(absent)} of {total} images are missing ({_listed(absent)}): {cure}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NUM_NAMED]) + (", ..." if len(names) > _NUM_NAMED else "")


def _warnings(annotations: Annotations, ids: list[int]) -> tuple[str, ...]:
    if any(number in annotations.num_objects for number in ids):
        return annotations.warnings
    return (*annotations.warnings, "none of the chosen images has an annotated object, so there is no mAP")
