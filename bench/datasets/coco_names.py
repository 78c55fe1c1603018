"""The names of COCO's 80 categories in the order of their ids, and the ids that class names get."""

from __future__ import annotations

from collections.abc import Sequence

from bench.detectors.presets import COCO_80

# `categories` of instances_val2017.json.
COCO_80_NAMES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip

# The same categories as Darknet's `coco.names` calls them.
_OTHER_NAMES = {
    "motorbike": "motorcycle",
    "aeroplane": "airplane",
    "sofa": "couch",
    "pottedplant": "potted plant",
    "diningtable": "dining table",
    "tvmonitor": "tv",
}


def category_ids(names: Sequence[str]) -> tuple[int, ...]:
    """Return the category id of each class.

    Class k has id k + 1, as `labels` of a detector counts unless told otherwise. COCO's 80 names in COCO's
    order have COCO's own ids, 1 to 90 with gaps, so that a model with `labels: coco80` fits them.
    """
    if tuple(_OTHER_NAMES.get(name, name) for name in names) == COCO_80_NAMES:
        return COCO_80
    return tuple(range(1, len(names) + 1))
