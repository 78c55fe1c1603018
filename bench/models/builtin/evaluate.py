"""Measure the float detector with pycocotools, apart from the harness's own path: each checks the other."""

import contextlib
import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.models.builtin.description import DESCRIPTION, INPUT_SIZE, NUM_CLASSES, STRIDE
from bench.models.builtin.images import LabelledScene, prepare
from bench.models.builtin.targets import cell_centres

Predict = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]

# The order in which pycocotools reports its twelve numbers.
STATISTICS = (
    "map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large",
    "mar_1", "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large",
)  # fmt: skip


def measure_accuracy(predict: Predict, scenes: Iterable[LabelledScene]) -> dict[str, float]:
    """Return the twelve COCO statistics of a detector on labelled scenes.

    Args:
        predict: (1, 160, 160, 3) float32 -> (scores (1, 400, 8) logits, boxes (1, 400, 4) ltrb in strides).
        scenes: Read once, one at a time.
    """
    images: list[dict[str, int]] = []
    annotations: list[dict[str, Any]] = []
    detections: list[dict[str, Any]] = []
    for image_id, scene in enumerate(scenes, start=1):
        height, width = scene.image.shape[:2]
        images.append({"id": image_id, "width": width, "height": height})
        annotations += _annotations(scene, image_id, len(annotations))
        scores, boxes = predict(prepare(scene.image)[None])
        detections += _detections(scores[0], boxes[0], (width, height), image_id)
    return _score({"images": images, "annotations": annotations, "categories": _categories()}, detections)


def _categories() -> list[dict[str, int]]:
    return [{"id": category_id} for category_id in DESCRIPTION["category_ids"]]


def _annotations(scene: LabelledScene, image_id: int, offset: int) -> list[dict[str, Any]]:
    return [
        {
            "id": offset + number,
            "image_id": image_id,
            "category_id": int(class_id),
            "bbox": box.tolist(),
            "area": float(box[2] * box[3]),
            "iscrowd": 0,
        }
        for number, (box, class_id) in enumerate(zip(scene.boxes, scene.class_ids, strict=True), start=1)
    ]


def _detections(
    logits: NDArray[np.float32], reach: NDArray[np.float32], image_size: tuple[int, int], image_id: int
) -> list[dict[str, Any]]:
    """Turn one image's outputs into COCO detections, xywh in pixels of the original image."""
    corners = decode_boxes(reach) * np.tile(np.array(image_size) / INPUT_SIZE, 2)
    scores = 1 / (1 + np.exp(-logits.astype(np.float64)))
    found = [(score, class_index, corners[cell]) for class_index in range(NUM_CLASSES)
             for cell, score in _suppress(corners, scores[:, class_index])]  # fmt: skip
    found.sort(key=lambda detection: -detection[0])
    return [
        {
            "image_id": image_id,
            "category_id": DESCRIPTION["category_ids"][class_index],
            "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()],
            "score": float(score),
        }
        for score, class_index, box in found[: DESCRIPTION["decode"]["max_detections"]]
    ]


def decode_boxes(reach: NDArray[np.float32]) -> NDArray[np.float64]:
    """Turn (num_cells, 4) ltrb in strides into xyxy in input pixels, cut off at the input's border."""
    centres = cell_centres()
    corners = np.concatenate([centres - reach[:, :2] * STRIDE, centres + reach[:, 2:] * STRIDE], axis=1)
    return np.clip(corners.astype(np.float64), 0, INPUT_SIZE)


def _suppress(corners: NDArray[np.float64], scores: NDArray[np.float64]) -> list[tuple[int, float]]:
    """Keep of one class the boxes that overlap no better one: (cell, score) pairs, best first."""
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= DESCRIPTION["decode"]["score_threshold"]]
    kept: list[tuple[int, float]] = []
    while order.size and len(kept) < DESCRIPTION["decode"]["max_detections"]:
        best, order = order[0], order[1:]
        kept.append((int(best), float(scores[best])))
        order = order[_iou(corners[best], corners[order]) <= DESCRIPTION["decode"]["nms_iou"]]
    return kept


def _iou(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    common = np.maximum(sides, 0).prod(axis=1)
    union = (box[2:] - box[:2]).prod() + (others[:, 2:] - others[:, :2]).prod(axis=1) - common
    iou: NDArray[np.float64] = common / np.maximum(union, 1e-9)
    return iou


def _score(truth: dict[str, Any], detections: list[dict[str, Any]]) -> dict[str, float]:
    """Run pycocotools, which prints while it works, in silence."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: float(value) for name, value in zip(STATISTICS, evaluation.stats, strict=True)}
