"""Data sets made up for tests, and the outside oracle that scores them."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from bench.metrics.accumulate import Scores
from bench.metrics.detections import Detections
from bench.metrics.ground_truth import GroundTruth, read_ground_truth


def make_annotations(
    seed: int, num_images: int, num_categories: int = 80, objects: float = 7.0
) -> dict[str, Any]:
    """Make COCO-like annotations: few categories an image, all sizes, 1% crowds, unequal categories."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(num_categories, 0.4))
    ids = np.sort(rng.choice(num_categories * 3 // 2, num_categories, replace=False)) + 1
    annotations: list[dict[str, Any]] = []
    for image in range(num_images):
        kinds = rng.choice(num_categories, min(3, num_categories), p=shares)
        for _ in range(rng.poisson(objects)):
            size = np.exp(rng.normal(4.0, 1.0, 2)).clip(2, 500)
            x, y = rng.uniform(0, 600, 2)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image + 1,
                    "category_id": int(ids[rng.choice(kinds)]),
                    "bbox": [round(float(x), 2), round(float(y), 2), *np.round(size, 2).tolist()],
                    "area": float(size.prod() * rng.uniform(0.5, 1)),
                    "iscrowd": int(rng.random() < 0.01),
                }
            )
    return {
        "info": {},
        "images": [
            {"id": image + 1, "width": 640, "height": 640, "file_name": f"{image}.jpg"}
            for image in range(num_images)
        ],
        "categories": [{"id": int(number), "name": f"kind {number}"} for number in ids],
        "annotations": annotations,
    }


def make_detections(
    seed: int, truth: dict[str, Any], per_image: int = 100, noise: float = 0.12
) -> Detections:
    """Make detections around the objects (some several times, some missed) and clutter of low scores."""
    rng = np.random.default_rng(seed)
    ids = np.array([category["id"] for category in truth["categories"]])
    by_image: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in truth["images"]}
    for annotation in truth["annotations"]:
        by_image[annotation["image_id"]].append(annotation)
    rows = [_detect(rng, image, objects, ids, per_image, noise) for image, objects in by_image.items()]
    image_id, category_id, score, box = (np.concatenate(column) for column in zip(*rows, strict=True))
    return Detections(
        image_id=image_id.astype(np.int64),
        category_id=category_id.astype(np.int32),
        score=score.astype(np.float32),
        box=box.astype(np.float32),
        image_ids=np.array(list(by_image), np.int64),
    )


def _detect(
    rng: np.random.Generator,
    image: int,
    objects: list[dict[str, Any]],
    ids: np.ndarray,
    count: int,
    noise: float,
) -> tuple[np.ndarray, ...]:
    clutter = max(count - 4 * len(objects), 0) if objects else count
    boxes = np.array([item["bbox"] for item in objects]).reshape(-1, 4).repeat(4, axis=0)[:count]
    scale = boxes[:, [2, 3, 2, 3]]
    found = boxes + rng.normal(0, noise, boxes.shape) * scale
    kinds = np.array([item["category_id"] for item in objects], int).repeat(4)[:count]
    # Half of the clutter shows the categories that are there, as detectors do.
    choices = np.concatenate([ids, np.repeat(kinds, max(len(ids) // max(len(kinds), 1), 1))])
    corner, size = rng.uniform(0, 600, (clutter, 2)), np.exp(rng.normal(3.8, 1.0, (clutter, 2))).clip(2, 500)
    box = np.concatenate([found, np.concatenate([corner, size], axis=1)])
    box[:, 2:] = np.abs(box[:, 2:])
    category = np.concatenate([kinds, rng.choice(choices, clutter)])
    score = np.concatenate([rng.beta(2, 2, len(found)), rng.beta(1, 8, clutter)])
    return np.full(len(box), image), category, score, box


def evaluate_with_pycocotools(
    truth: dict[str, Any], detections: Detections, image_ids: list[int] | None = None
) -> COCOeval:
    """Score with the oracle; its twelve numbers are in `.stats`."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        results = [
            {
                "image_id": int(image),
                "category_id": int(category),
                "score": float(score),
                "bbox": box.tolist(),
            }
            for image, category, score, box in zip(
                detections.image_id,
                detections.category_id,
                detections.score,
                detections.box.astype(float),
                strict=True,
            )
        ]
        found = coco.loadRes(results) if results else _empty(truth)
        evaluation = COCOeval(coco, found, "bbox")
        if image_ids is not None:
            evaluation.params.imgIds = image_ids
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def _empty(truth: dict[str, Any]) -> COCO:
    """Return a result without detections, which `loadRes` cannot make."""
    found = COCO()
    found.dataset = {**truth, "annotations": []}
    found.createIndex()
    return found


def write_annotations(folder: Path, truth: dict[str, Any]) -> Path:
    """Write annotations to a file as COCO ships them."""
    path = folder / "instances.json"
    path.write_text(json.dumps(truth))
    return path


def as_ground_truth(truth: dict[str, Any]) -> GroundTruth:
    """Read annotations as a user's file would be read, all images."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_annotations(Path(folder), truth)
        return read_ground_truth(path, [image["id"] for image in truth["images"]])


def as_stats(scores: Scores) -> list[float]:
    """Return the twelve statistics as pycocotools lists them, -1 where there is no object."""
    return [-1.0 if value is None else value for value in scores.stats.values()]


def make_detections_of(rows: list[tuple[int, int, float, list[float]]], image_ids: list[int]) -> Detections:
    """Make detections of (image id, category id, score, xywh) rows."""
    return Detections(
        image_id=np.array([row[0] for row in rows], np.int64),
        category_id=np.array([row[1] for row in rows], np.int32),
        score=np.array([row[2] for row in rows], np.float32),
        box=np.array([row[3] for row in rows], np.float32).reshape(-1, 4),
        image_ids=np.array(image_ids, np.int64),
    )


def make_truth_of(
    rows: list[tuple[int, int, list[float], int]], image_ids: list[int], category_ids: list[int]
) -> dict[str, Any]:
    """Make annotations of (image id, category id, xywh, iscrowd) rows, numbered from 1."""
    return {
        "info": {},
        "images": [{"id": number} for number in image_ids],
        "categories": [{"id": number, "name": str(number)} for number in category_ids],
        "annotations": [
            {
                "id": index + 1,
                "image_id": image,
                "category_id": category,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": crowd,
            }
            for index, (image, category, box, crowd) in enumerate(rows)
        ],
    }
