"""The `detector:` part of a suite: how a model is fed and read, completed with the presets of its family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.detectors.families.base import load_family
from bench.detectors.options import Option
from bench.detectors.presets import COCO_80, COCO_90, FAMILY_NAMES, default_description
from bench.suite.containers import ByKind, Key, ListOf, MapOf, Table
from bench.suite.forms import Anything, Boolean, Choice, Integer, Number, Text
from bench.suite.nodes import Path
from bench.suite.reading import Reading
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression

_SIDE = Integer(1, 8192)
_SIZE = ByKind({"integer": _SIDE, "list": ListOf(_SIDE, length=2)})


def _channels(form: Number) -> ByKind:
    """Return the form of one number for all channels, or one for each of the three."""
    return ByKind({"integer": form, "number": form, "list": ListOf(form, length=3)})


_INPUT = Table(
    "the input",
    {
        "size": Key(_SIZE, "Side of a square input in pixels, or [width, height]."),
        "width": Key(_SIDE, "In pixels, with `height`."),
        "height": Key(_SIDE, "In pixels, with `width`."),
        "layout": Key(Choice(("nhwc", "nchw"), {"NHWC": "nhwc", "NCHW": "nchw"}), "Order of the axes."),
        "color": Key(Choice(("rgb", "bgr"), {"RGB": "rgb", "BGR": "bgr"}), "Order of the channels."),
        "resize": Key(
            Choice(("stretch", "letterbox", "letterbox_top_left")),
            "`stretch` ignores the aspect; the letterboxes keep it and pad.",
        ),
        "pad_value": Key(Integer(0, 255), "Pixel value of the padding."),
        "mean": Key(_channels(Number(-1024, 1024)), "Subtracted from pixels, one number or one per channel."),
        "std": Key(
            _channels(Number(0, 1024, is_open=True)), "Divides what is left, one number or one per channel."
        ),
    },
    exactly_one=(("size",), ("width", "height")),
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
    },
)
_LABELS = ByKind(
    {
        "text": Choice(("coco80", "coco90"), {"coco91": "coco90"}),
        "list": ListOf(Integer(0)),
        "mapping": Table(
            "consecutive category ids",
            {
                "offset": Key(Integer(0), "Category id of class 0.", True),
                "count": Key(Integer(1), "Number of classes.", True),
            },
        ),
    }
)


def _option_key(option: Option, families: list[str]) -> Key:
    """Return the suite's key of a family's option."""
    forms: dict[type, Any] = {bool: Boolean(), int: Integer(-1), float: Number(-1e6, 1e6), str: Text()}
    form = forms.get(type(option.default)) or ListOf(Anything())
    meaning = f"{', '.join(families)}: {option.meaning}"
    return Key(Choice(option.choices) if option.choices else form, meaning)


def _options() -> dict[str, Key]:
    """Return all options of all families by name; families share names only for the same thing."""
    owners: dict[str, tuple[Option, list[str]]] = {}
    for family in FAMILY_NAMES:
        for option in load_family(family).OPTIONS:
            owners.setdefault(option.name, (option, []))[1].append(family)
    return {name: _option_key(option, families) for name, (option, families) in owners.items()}


DETECTOR = Table(
    "a detector",
    {
        "family": Key(Choice(FAMILY_NAMES), "How boxes are read from the outputs.", True),
        "input": Key(_INPUT, "From photo to input tensor.", True),
        "outputs": Key(
            MapOf(Text("a role"), Text("a tensor name"), "a mapping of roles to tensor names"),
            "Tensor names by role, where shapes do not tell outputs apart.",
        ),
        "options": Key(
            Table("options", _options()),
            "What the family needs to know.",
        ),
        "nms": Key(_NMS, "What is kept of the boxes."),
        "labels": Key(
            _LABELS, "Category id of each class: coco80, coco90, a list of ids, or {offset, count}."
        ),
    },
)


def describe(values: dict[str, Any], suffix: str, path: Path, reading: Reading) -> ModelDescription | None:
    """Complete what a suite says of a detector with its family's presets; None if too much is wrong.

    Args:
        suffix: of the model file; exports to TFLite and to ONNX differ in their customs.
    """
    size = _size(values.get("input", {}))
    if "family" not in values or size is None:
        return None
    options = values.get("options", {})
    preset = default_description(values["family"], *size, options.get("num_classes", 0), suffix)
    _check_options(preset.decode.family, options, path, reading)
    if preset.decode.family == "ltrb" and "labels" not in values and "num_classes" not in options:
        reading.complain((*path, "labels"), f"missing, expected {DETECTOR.keys['labels'].form.expected}")
    return ModelDescription(
        _preprocess(preset.preprocess, values["input"]),
        _decode(preset.decode, values),
        _suppression(preset.suppression, values.get("nms", {})),
        _category_ids(values["labels"]) if "labels" in values else preset.category_ids,
    )


def _size(values: dict[str, Any]) -> tuple[int, int] | None:
    size = values.get("size")
    if size is None:
        return (values["width"], values["height"]) if {"width", "height"} <= set(values) else None
    return (size, size) if isinstance(size, int) else (size if len(size) == 2 else None)


def _check_options(family: str, options: dict[str, Any], path: Path, reading: Reading) -> None:
    names = [option.name for option in load_family(family).OPTIONS]
    for name in options:
        if name not in names:
            known = ", ".join(names) or "(none)"
            reading.complain(
                (*path, "options", name), f"family {family} has no such option, expected one of: {known}"
            )


def _preprocess(preset: Preprocess, values: dict[str, Any]) -> Preprocess:
    changes = {name: value for name, value in values.items() if name not in ("size", "width", "height")}
    for name in ("mean", "std"):
        if isinstance(changes.get(name), float):
            changes[name] = (changes[name],) * 3
    return replace(preset, **changes)


def _decode(preset: Decode, values: dict[str, Any]) -> Decode:
    given = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.get("options", {}).items()
    }
    return replace(preset, outputs=values.get("outputs", {}), options={**preset.options, **given})


def _suppression(preset: Suppression, values: dict[str, Any]) -> Suppression:
    names = {"iou": "iou_threshold", "class_aware": "is_class_aware", "multi_label": "is_multi_label"}
    return replace(preset, **{names.get(name, name): value for name, value in values.items()})


def _category_ids(labels: str | tuple[int, ...] | dict[str, int]) -> tuple[int, ...]:
    if isinstance(labels, str):
        return COCO_80 if labels == "coco80" else COCO_90
    if isinstance(labels, dict):
        first = labels.get("offset", 0)
        return tuple(range(first, first + labels.get("count", 0)))
    return labels
