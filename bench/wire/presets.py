"""Defaults of each decode family, so that a suite need only name the family and what differs from it.

What the words do is in `bench.agent.detectors`; this module only holds the customary values.
"""

from dataclasses import replace
from typing import Any

from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression

# The category ids of COCO 2017 in the order of its 80 classes: ids of categories without annotations are left
# out, so a class index is not an id less one.
COCO_80 = (
    *range(1, 12), *range(13, 26), 27, 28, *range(31, 45), *range(46, 66), 67, 70, *range(72, 83),
    *range(84, 91),
)  # fmt: skip

# The 90 ids as the TensorFlow Object Detection models count them, unused ones included.
COCO_90 = tuple(range(1, 91))

# Pixels of 0 to 255 become -1 to 1.
_TO_MINUS_ONE_TO_ONE = ((127.5,) * 3, (127.5,) * 3)

# Pixels of 0 to 255 become 0 to 1.
_TO_ZERO_TO_ONE = ((0.0,) * 3, (255.0,) * 3)

FAMILY_NAMES = ("ltrb", "tfod", "yolov5", "yolov8")


def default_description(
    family: str,
    width: int,
    height: int,
    num_classes: int = 0,
    file_suffix: str = "",
    options: dict[str, Any] | None = None,
) -> ModelDescription:
    """Return the customary description of a family; change parts of it with `dataclasses.replace`.

    Args:
        family: One of `FAMILY_NAMES`.
        width, height: Of the input, pixels.
        num_classes: 80 gives the COCO category ids, as do 90 for `tfod` and 0; any other number 1, 2, 3 ...
        file_suffix: `.tflite` or `.onnx`; YOLO exports of the first kind emit normalized boxes, those of the
            second kind pixels. Likewise the layout of the input is NHWC, or NCHW for YOLO files in ONNX.
        options: Put over the family's decode options.

    Raises:
        KeyError: There is no such family.
    """
    preprocess, suppression, defaults = {
        "ltrb": _ltrb,
        "tfod": _tfod,
        "yolov5": _yolov5,
        "yolov8": _yolov8,
    }[family](width, height, file_suffix)
    return ModelDescription(
        preprocess=preprocess,
        decode=Decode(family, options={**defaults, **(options or {})}),
        suppression=suppression,
        category_ids=_category_ids(family, num_classes),
    )


_Parts = tuple[Preprocess, Suppression, dict[str, Any]]


def _ltrb(width: int, height: int, file_suffix: str) -> _Parts:
    mean, std = _TO_MINUS_ONE_TO_ONE
    return Preprocess(width, height, mean=mean, std=std), Suppression(), {"strides": [8]}


def _tfod(width: int, height: int, file_suffix: str) -> _Parts:
    mean, std = _TO_MINUS_ONE_TO_ONE
    suppression = Suppression(score_threshold=0.0, in_graph=True)
    return Preprocess(width, height, mean=mean, std=std), suppression, {"class_offset": 0}


def _yolov5(width: int, height: int, file_suffix: str) -> _Parts:
    mean, std = _TO_ZERO_TO_ONE
    preprocess = Preprocess(width, height, resize="letterbox", mean=mean, std=std)
    if file_suffix == ".onnx":
        preprocess = replace(preprocess, layout="nchw")
    return preprocess, Suppression(iou_threshold=0.6), {"normalized": file_suffix == ".tflite"}


def _yolov8(width: int, height: int, file_suffix: str) -> _Parts:
    preprocess, suppression, options = _yolov5(width, height, file_suffix)
    return preprocess, replace(suppression, iou_threshold=0.7), options


def _category_ids(family: str, num_classes: int) -> tuple[int, ...]:
    if family == "tfod" and num_classes in (0, 90):
        return COCO_90
    if num_classes in (0, 80):
        return COCO_80
    return tuple(range(1, num_classes + 1))
