"""Complete descriptions by the customs of a family, so that a suite need only name what differs."""

from typing import Any

from bench.detectors.families.base import FAMILIES, load_family
from bench.wire.description import Decode, ModelDescription

# The category ids of COCO 2017 in the order of its 80 classes: ids of categories without annotations are left
# out, so a class index is not an id less one.
COCO_80 = (
    *range(1, 12), *range(13, 26), 27, 28, *range(31, 45), *range(46, 66), 67, 70, *range(72, 83),
    *range(84, 91),
)  # fmt: skip

# The 90 ids as the TensorFlow Object Detection models count them, unused ones included.
COCO_90 = tuple(range(1, 91))

FAMILY_NAMES = tuple(FAMILIES)


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
        num_classes: 80 gives the COCO category ids, any other number 1, 2, 3 ...; 0 is as the family's models
            have it that were trained on COCO.
        file_suffix: `.tflite` or `.onnx`; YOLO exports of the first kind emit normalized boxes, those of the
            second kind pixels. Likewise the layout of the input is NHWC, or NCHW for YOLO files in ONNX.
        options: Put over the family's decode options.

    Raises:
        ModelError: There is no such family.
    """
    preset = load_family(family).preset(width, height, file_suffix)
    return ModelDescription(
        preprocess=preset.preprocess,
        decode=Decode(family, options={**preset.options, **(options or {})}),
        suppression=preset.suppression,
        category_ids=_category_ids(num_classes or preset.num_classes),
    )


def _category_ids(num_classes: int) -> tuple[int, ...]:
    return COCO_80 if num_classes == 80 else tuple(range(1, num_classes + 1))
