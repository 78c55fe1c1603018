"""From what a suite says of its data to images that are there, hashed and checked to be disjoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.core.data import EvaluationData, ImageSet
from bench.core.suite import CocoData, RenderedData
from bench.datasets.checks import check_disjoint
from bench.datasets.coco import evaluation_data, image_set, images_hash
from bench.datasets.hashes import HashCache
from bench.datasets.normal_form import is_converted, normal_form
from bench.errors import DataError
from bench.wire.codec import content_hash

Prepared = tuple[EvaluationData, ImageSet, ImageSet]

_NO_IMAGES = ImageSet((), "")


def prepare_data(data: RenderedData | CocoData, cache: Path) -> Prepared:
    """Make the images of a suite available.

    Rendered images are rendered below `cache` unless they are there, and annotations in another format are
    converted to COCO's. For images of the user's own, QAT learns from the calibration images; both sets are
    empty where the suite names none.

    Args:
        cache: the project's cache folder; also remembers content hashes.

    Returns:
        Evaluation, calibration and training images; no evaluation image is in one of the others.

    Raises:
        DataError: files are missing, damaged or shared between the sets; the message names them.
    """
    hashes = HashCache(cache)
    prepared = (
        _rendered(data, cache, hashes) if isinstance(data, RenderedData) else _photos(data, cache, hashes)
    )
    evaluation, calibration, training = prepared
    check_disjoint(evaluation, calibration)
    check_disjoint(evaluation, training)
    return prepared


def prepared_if_ready(data: RenderedData | CocoData, cache: Path) -> Prepared | None:
    """Return what `prepare_data` would, unless images had to be rendered or annotations converted first."""
    if isinstance(data, RenderedData):
        from bench.datasets.rendered.files import is_rendered

        splits = {"evaluation": data.evaluation, "calibration": data.calibration, "train": data.training}
        if not all(is_rendered(cache / "datasets", name, count, data.seed) for name, count in splits.items()):
            return None
    elif not is_converted(data, cache, HashCache(cache)):
        return None
    return prepare_data(data, cache)


def evaluation_if_ready(data: RenderedData | CocoData, cache: Path) -> EvaluationData | None:
    """Return the evaluation images alone, unless they had to be rendered or annotations converted first.

    Raises:
        DataError: files are missing or damaged; the message names them.
    """
    hashes = HashCache(cache)
    if isinstance(data, RenderedData):
        from bench.datasets.rendered.files import is_rendered

        if not is_rendered(cache / "datasets", "evaluation", data.evaluation, data.seed):
            return None
        return _rendered_split("evaluation", data.evaluation, data.seed, cache, hashes)
    if not is_converted(data, cache, hashes):
        return None
    return _photos(replace(data, calibration_images=""), cache, hashes)[0]


def _rendered(data: RenderedData, cache: Path, hashes: HashCache) -> Prepared:
    evaluation = _rendered_split("evaluation", data.evaluation, data.seed, cache, hashes)
    calibration = _rendered_split("calibration", data.calibration, data.seed, cache, hashes)
    training = _rendered_split("train", data.training, data.seed, cache, hashes)
    sets = [_image_set(one) for one in (calibration, training)]
    check_disjoint(*sets)
    return evaluation, sets[0], sets[1]


def _image_set(data: EvaluationData) -> ImageSet:
    # Images to learn from are known by content alone; rendered ones have no orientation to decide.
    images = tuple(replace(image, width=0, height=0) for image in data.images)
    return ImageSet(images, images_hash(images), data.annotations)


def _rendered_split(name: str, count: int, seed: int, cache: Path, hashes: HashCache) -> EvaluationData:
    from bench.datasets.rendered.files import ANNOTATIONS_FILE, write_split

    folder = write_split(cache / "datasets", name, count, seed)
    try:
        return evaluation_data(folder / "images", folder / ANNOTATIONS_FILE, 0, seed, hashes)
    except DataError as problem:
        raise DataError(
            f"{problem}\nThese are rendered pictures: remove {folder} to have them made again"
        ) from problem


def _photos(data: CocoData, cache: Path, hashes: HashCache) -> Prepared:
    normal = normal_form(data, cache, hashes)
    evaluation = evaluation_data(normal.images, normal.annotations, data.limit, data.seed, hashes)
    source = "" if data.format == "coco" else data.annotations or data.images
    evaluation = replace(evaluation, warnings=(*normal.notes, *evaluation.warnings), source=source)
    evaluation = _filled(evaluation) if data.options.get("truncated") == "fill" else evaluation
    if not data.calibration_images:
        return evaluation, _NO_IMAGES, _NO_IMAGES
    calibration = image_set(Path(data.calibration_images), data.calibration_limit, data.seed, hashes)
    return evaluation, calibration, calibration


def _filled(data: EvaluationData) -> EvaluationData:
    """Return a data set of which photos that are cut short are taken; other pixels make other data."""
    images = tuple(replace(image, fill=True) for image in data.images)
    return replace(data, images=images, sha256=content_hash([data.sha256, "fill"]))
