"""How a model is fed and read, as data: preprocessing, decoding, suppression, labels.

Each part is hashed by itself, so that a record can say which of them differed. What the words do is in
`bench.detectors`; this module only holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Layout = Literal["nhwc", "nchw"]
Color = Literal["rgb", "bgr"]
Resize = Literal["stretch", "letterbox", "letterbox_top_left"]


@dataclass(frozen=True)
class Preprocess:
    """From a decoded photo to the input tensor.

    The photo is resized with bilinear interpolation (half-pixel centres, no antialiasing) to uint8 pixels,
    then `(pixel - mean) / std` in float32, then quantized with the input tensor's own scale and zero point
    where the model takes integers.

    Attributes:
        width, height: of the input, pixels.
        layout: order of the input's axes.
        color: order of the channels.
        resize: `stretch` ignores the aspect; the letterboxes keep it and pad with `pad_value`.
        pad_value: pixel value of the padding, 0 to 255.
        mean, std: per channel in the order of `color`, in pixel units.
    """

    width: int
    height: int
    layout: Layout = "nhwc"
    color: Color = "rgb"
    resize: Resize = "stretch"
    pad_value: int = 114
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)


@dataclass(frozen=True)
class Decode:
    """From output tensors to boxes and scores.

    Attributes:
        family: a name in `bench.detectors.families`.
        outputs: role -> tensor name, for outputs that cannot be told apart by shape; may be empty.
        options: what the family needs to know (strides, normalized boxes, class offset, ...).
    """

    family: str
    outputs: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Suppression:
    """What is kept of the decoded boxes: threshold, non-maximum suppression, caps.

    Attributes:
        in_graph: the graph has done the suppression; only the threshold, the cap and the clipping apply.
        is_clipped: boxes are cut off at the photo's border at the end, and dropped if nothing is left.
    """

    score_threshold: float = 0.001
    iou_threshold: float = 0.6
    max_detections: int = 100
    pre_nms_top_k: int = 3000
    is_class_aware: bool = True
    is_multi_label: bool = True
    in_graph: bool = False
    is_clipped: bool = True


@dataclass(frozen=True)
class ModelDescription:
    """All that is needed to turn a photo into boxes with one model file.

    Attributes:
        category_ids: the data set's original category id of each class index of the model.
    """

    preprocess: Preprocess
    decode: Decode
    suppression: Suppression
    category_ids: tuple[int, ...]
