"""The `detector:` part of a suite: every key of how a model is fed and read.

A family's name alone will do. What the values add up to, completed with the family's presets, is in
`describing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.suite.containers import ByKind, Key, ListOf, MapOf, Table
from bench.suite.detector_labels import LABELS
from bench.suite.detector_options import FamilyName, FamilyOptions, schemas_by_family
from bench.suite.forms import WRONG, Boolean, Choice, Integer, Number, Schema, Text
from bench.suite.nodes import Node, Path
from bench.suite.reading import Reading

_SIDE = Integer(1, 8192)
_SIZE = ByKind({"integer": _SIDE, "list": ListOf(_SIDE, length=2)})
_QUANTIZATION = {
    "scale": Key(Number(0, is_open=True), "What one step of the integers is worth."),
    "zero_point": Key(Integer(-32768, 65535), "The integer that stands for 0."),
}


def _channels(form: Number) -> ByKind:
    """Return the form of one number for all channels, or one for each of the three."""
    return ByKind({"integer": form, "number": form, "list": ListOf(form, length=3)})


_INPUT = Table(
    "the input",
    {
        "size": Key(_SIZE, "Side of a square input in pixels, or [width, height]; the file's unless given."),
        "width": Key(_SIDE, "In pixels, with `height`."),
        "height": Key(_SIDE, "In pixels, with `width`."),
        "layout": Key(Choice(("nhwc", "nchw"), {"NHWC": "nhwc", "NCHW": "nchw"}), "Order of the axes."),
        "color": Key(Choice(("rgb", "bgr"), {"RGB": "rgb", "BGR": "bgr"}), "Order of the channels."),
        "resize": Key(
            Choice(("stretch", "letterbox", "letterbox_top_left")),
            "`stretch` ignores the aspect; the letterboxes keep it and pad.",
        ),
        "pad_value": Key(Integer(0, 255), "Pixel value of the padding."),
        "interpolation": Key(
            Choice(("bilinear", "nearest", "area", "bilinear_antialias")),
            "How pixels between pixels are made; `bilinear` (as OpenCV has it) unless given.",
        ),
        "mean": Key(_channels(Number(-1024, 1024)), "Subtracted from pixels, one number or one per channel."),
        "std": Key(
            _channels(Number(0, 1024, is_open=True)), "Divides what is left, one number or one per channel."
        ),
        "quantization": Key(
            Table("a quantization", _QUANTIZATION, exactly_one=(tuple(_QUANTIZATION),)),
            "Put over the input tensor's own; for given files only.",
        ),
    },
    exactly_one=((), ("size",), ("width", "height")),
)
_OUTPUT = ByKind(
    {
        "text": Text("a tensor name"),
        "mapping": Table(
            "an output",
            {"name": Key(Text(), "The tensor's name.", True), **_QUANTIZATION},
            exactly_one=((), tuple(_QUANTIZATION)),
        ),
    }
)
_NMS = Table(
    "non-maximum suppression",
    {
        "score_threshold": Key(Number(0, 1), "Boxes below it are dropped; keep it low (0.001) for mAP."),
        "iou": Key(Number(0, 1), "Boxes that overlap a better one by more are dropped."),
        "max_detections": Key(Integer(1), "Boxes kept of one image; COCO counts 100."),
        "pre_nms_top_k": Key(Integer(1), "Best boxes that suppression looks at."),
        "class_aware": Key(Boolean(), "Boxes of different classes do not suppress each other."),
        "multi_label": Key(Boolean(), "One place may give a box for each of several classes."),
        "in_graph": Key(Boolean(), "The model suppresses by itself."),
        "clip": Key(Boolean(), "Boxes are cut off at the photo's border; they are unless told otherwise."),
    },
)
_TABLE = Table(
    "a detector",
    {
        "family": Key(FamilyName(), "How boxes are read from the outputs.", True),
        "input": Key(_INPUT, "From photo to input tensor."),
        "outputs": Key(
            MapOf(Text("a role"), _OUTPUT, "a mapping of roles to tensor names"),
            "Tensor names by role, where shapes do not tell outputs apart; {name, scale, zero_point} puts a "
            "quantization over the file's.",
        ),
        "options": Key(FamilyOptions(), "What the family needs to know."),
        "frame": Key(
            Choice(("input", "photo")),
            "Where boxes lie: in the padded input, or in the photo if the graph undoes the letterbox.",
        ),
        "nms": Key(_NMS, "What is kept of the boxes."),
        "labels": Key(
            LABELS,
            "Category of each class: coco80, coco90, ids or names in a list, {offset, count}, a file.",
        ),
    },
)


@dataclass(frozen=True)
class _Detector:
    """A family's name, or a mapping with one; read to a dict either way."""

    keys = _TABLE.keys

    @property
    def expected(self) -> str:
        return f"{self.keys['family'].form.expected}, or {_TABLE.expected}"

    def read(self, node: Node, path: Path, reading: Reading) -> Any:
        if node.kind != "text":
            return _TABLE.read(node, path, reading)
        family = self.keys["family"].form.read(node, path, reading)
        return WRONG if family is WRONG else {"family": family}

    def schema(self) -> Schema:
        table = {**_TABLE.schema(), "allOf": schemas_by_family()}
        return {"anyOf": [self.keys["family"].form.schema(), table]}


DETECTOR = _Detector()
