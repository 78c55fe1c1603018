"""A split of rendered scenes as files: PNG images, COCO annotations and a manifest.

Layout of the folder of one split:

    images/000000.png ...   instances.json   manifest.json
"""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.datasets.rendered.scene import CLASS_NAMES, RENDERER_VERSION, Scene, render_scene
from bench.errors import DataError

ANNOTATIONS_FILE = "instances.json"
MANIFEST_FILE = "manifest.json"


def write_split(folder: Path, split: str, count: int, seed: int = 0) -> Path:
    """Render a split below `folder`, or reuse it if it is there already.

    The files appear under their final name all at once, so that a reader never meets half a split. When two
    processes write the same split, the first one to finish wins and both get equal files.

    Args:
        folder: Holds one folder per split and parameters; made if missing.
        split: One of `SPLITS`.
        count: Number of images, 1 or more; a smaller split is a prefix of a larger one.
        seed: Another seed gives another data set.

    Returns:
        The split's folder, with `images/`, `instances.json` and `manifest.json`.

    Raises:
        DataError: If the split is unknown, the count is below 1, or something else stands in the place.
    """
    if count < 1:
        raise DataError(f"rendered data: got count {count} for split {split!r}, expected 1 or more images")
    target, parameters = _place(folder, split, count, seed)
    if _is_finished(target, parameters):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=folder))
    try:
        _write_files(unfinished, parameters)
        _move_into_place(unfinished, target, parameters)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target


def is_rendered(folder: Path, split: str, count: int, seed: int = 0) -> bool:
    """Tell whether `write_split` would find its work done."""
    return _is_finished(*_place(folder, split, count, seed))


def _place(folder: Path, split: str, count: int, seed: int) -> tuple[Path, dict[str, Any]]:
    parameters = {"renderer_version": RENDERER_VERSION, "split": split, "count": count, "seed": seed}
    return folder / f"rendered-v{RENDERER_VERSION}-{split}-{count}-seed{seed}", parameters


def _is_finished(target: Path, parameters: dict[str, Any]) -> bool:
    try:
        manifest = json.loads((target / MANIFEST_FILE).read_text())
    except (OSError, ValueError):
        return False
    return {key: manifest.get(key) for key in parameters} == parameters


def _move_into_place(unfinished: Path, target: Path, parameters: dict[str, Any]) -> None:
    # mkdtemp makes folders private; the finished one is for whoever may read its parent.
    unfinished.chmod(0o755)
    try:
        unfinished.rename(target)
    except OSError as error:
        # Renaming onto a folder with files fails: fine if another process has just put the same split there.
        if not _is_finished(target, parameters):
            raise DataError(
                f"{target}: expected a finished rendered split or nothing; remove it and retry"
            ) from error


def _write_files(folder: Path, parameters: dict[str, Any]) -> None:
    (folder / "images").mkdir()
    pixels = hashlib.sha256()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for index in range(parameters["count"]):
        scene = render_scene(parameters["split"], index, parameters["seed"])
        pixels.update(scene_digest(scene))
        image = _write_image(folder / "images", index, scene)
        images.append(image)
        annotations += _annotations(scene, image["id"], len(annotations))
    dataset = {"info": parameters, "images": images, "annotations": annotations, "categories": categories()}
    annotation_text = json.dumps(dataset)
    (folder / ANNOTATIONS_FILE).write_text(annotation_text)
    manifest = {
        **parameters,
        "pixels_sha256": pixels.hexdigest(),
        "annotations_sha256": hashlib.sha256(annotation_text.encode()).hexdigest(),
        "num_annotations": len(annotations),
    }
    (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n")


def scene_digest(scene: Scene) -> bytes:
    """Return the sha256 of the size and pixels of one image, which no file format can change."""
    size = np.array(scene.image.shape, dtype="<i8").tobytes()
    return hashlib.sha256(size + scene.image.tobytes()).digest()


def categories() -> list[dict[str, Any]]:
    """Return the COCO categories, ids 1 to 8."""
    return [{"id": i, "name": name, "supercategory": "shape"} for i, name in enumerate(CLASS_NAMES, start=1)]


def _write_image(folder: Path, index: int, scene: Scene) -> dict[str, Any]:
    name = f"{index:06d}.png"
    # Fast compression: the noise in the images leaves little to gain.
    Image.fromarray(scene.image).save(folder / name, compress_level=1)
    height, width = scene.image.shape[:2]
    return {"id": index + 1, "file_name": name, "width": width, "height": height}


def _annotations(scene: Scene, image_id: int, num_before: int) -> list[dict[str, Any]]:
    rows = zip(scene.boxes.tolist(), scene.class_ids.tolist(), scene.areas.tolist(), strict=True)
    return [
        {
            "id": num_before + n,
            "image_id": image_id,
            "category_id": c,
            "bbox": box,
            "area": area,
            "iscrowd": 0,
        }
        for n, (box, c, area) in enumerate(rows, start=1)
    ]
