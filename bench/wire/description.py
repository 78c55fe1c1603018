"""How a model is fed and read, as data: preprocessing, decoding, suppression, labels.

Each part is hashed by itself, so that a record can say which of them differed. What the words do is in
`bench.detectors`; finding out what a suite leaves open is left to the controller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Layout = Literal["nhwc", "nchw"]
Color = Literal["rgb", "bgr"]
Resize = Literal["stretch", "letterbox", "letterbox_top_left"]
Interpolation = Literal["bilinear", "nearest", "area", "bilinear_antialias"]
Frame = Literal["input", "photo"]

# The category id of a class that stands for nothing in the data set: its detections can never score.
NO_CATEGORY = -1


@dataclass(frozen=True)
class Quantization:
    """What the integers of a tensor stand for: `real = scale * (q - zero_point)`."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Preprocess:
    """From a decoded photo to the input tensor.

    The photo is resized to uint8 pixels, then `(pixel - mean) / std` in float32, then quantized where the
    model takes integers.

    Attributes:
        width, height: of the input, pixels; 0 while a suite leaves them to the model file.
        layout: order of the input's axes.
        color: order of the channels.
        resize: `stretch` ignores the aspect; the letterboxes keep it and pad with `pad_value`.
        pad_value: pixel value of the padding, 0 to 255.
        mean, std: per channel in the order of `color`, in pixel units.
        interpolation: `bilinear` has half-pixel centres and does not antialias.
        quantization: put over that of the input tensor; None to use the tensor's own.
    """

    width: int
    height: int
    layout: Layout = "nhwc"
    color: Color = "rgb"
    resize: Resize = "stretch"
    pad_value: int = 114
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)
    interpolation: Interpolation = "bilinear"
    quantization: Quantization | None = None

    @property
    def pixel_settings(self) -> dict[str, Any]:
        """What decides the resized pixels; mean, std, layout and quantization are applied to them later."""
        return {
            "size": [self.width, self.height],
            "color": self.color,
            "resize": self.resize,
            "pad_value": self.pad_value,
            "interpolation": self.interpolation,
        }


@dataclass(frozen=True)
class Decode:
    """From output tensors to boxes and scores.

    Attributes:
        family: a name in `bench.detectors.families`.
        outputs: role -> tensor name, for outputs that cannot be told apart by shape; may be empty.
        options: what the family needs to know (strides, normalized boxes, class offset, ...).
        frame: `input` for boxes that lie in the input, padding included; `photo` where the graph has undone
            the letterbox itself: its boxes, as fractions of the input, are those fractions of the photo.
        quantization: tensor name -> what is put over the quantization of that output.
    """

    family: str
    outputs: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    frame: Frame = "input"
    quantization: dict[str, Quantization] = field(default_factory=dict)


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
        category_ids: the data set's original category id of each class index of the model; `NO_CATEGORY` for
            a class that the data set does not have.
    """

    preprocess: Preprocess
    decode: Decode
    suppression: Suppression
    category_ids: tuple[int, ...]
