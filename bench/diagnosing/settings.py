"""A description as flat settings, named as a suite names them: to compare two, and to write what differs.

Keys are those below `detector:`, as `input.color` or `nms.iou`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bench.detectors.families.base import load_family
from bench.detectors.options import read_options
from bench.detectors.presets import COCO_80, COCO_90, default_description
from bench.errors import ModelError
from bench.wire.codec import to_json
from bench.wire.description import Decode, ModelDescription

# Text that YAML reads as itself, within brackets too.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")

# Text that YAML 1.1 reads as something else.
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})

_INPUT = ("layout", "color", "resize", "pad_value", "mean", "std", "interpolation")
_NMS = {
    "score_threshold": "score_threshold",
    "iou": "iou_threshold",
    "max_detections": "max_detections",
    "pre_nms_top_k": "pre_nms_top_k",
    "class_aware": "is_class_aware",
    "multi_label": "is_multi_label",
    "in_graph": "in_graph",
}


def settings_of(description: ModelDescription) -> dict[str, Any]:
    """Return the settings of a description by their key below `detector:`."""
    preprocess, decode = description.preprocess, description.decode
    settings: dict[str, Any] = {"family": decode.family}
    settings["input.size"] = [preprocess.width, preprocess.height]
    settings.update({f"input.{name}": _plain(getattr(preprocess, name)) for name in _INPUT})
    settings.update({f"options.{name}": _plain(value) for name, value in _options(description).items()})
    settings["frame"] = decode.frame
    settings.update({f"nms.{key}": getattr(description.suppression, name) for key, name in _NMS.items()})
    settings["labels"] = _labels(description.category_ids)
    return settings


def usual_description(description: ModelDescription, suffix: str) -> ModelDescription:
    """Return what the family's customs say for a model of this input size and class count.

    Args:
        suffix: of the model file, see `bench.detectors.presets.default_description`.
    """
    preprocess, count = description.preprocess, len(description.category_ids)
    return default_description(description.decode.family, preprocess.width, preprocess.height, count, suffix)


def differences(before: ModelDescription, after: ModelDescription) -> dict[str, tuple[Any, Any]]:
    """Return the settings that differ: key -> (before, after); None where a side lacks it."""
    first, second = settings_of(before), settings_of(after)
    keys = dict.fromkeys((*first, *second))
    return {key: (first.get(key), second.get(key)) for key in keys if first.get(key) != second.get(key)}


def with_setting(description: ModelDescription, other: ModelDescription, key: str) -> ModelDescription:
    """Return a description with one setting, by its key below `detector:`, as another one has it."""
    group, _, name = key.rpartition(".")
    if group == "input":
        value = getattr(other.preprocess, name)
        return replace(description, preprocess=replace(description.preprocess, **{name: value}))
    if group == "nms":
        value = getattr(other.suppression, _NMS[name])
        return replace(description, suppression=replace(description.suppression, **{_NMS[name]: value}))
    if key == "labels":
        return replace(description, category_ids=other.category_ids)
    return replace(description, decode=_with_reading(description.decode, other.decode, key))


def _with_reading(decode: Decode, other: Decode, key: str) -> Decode:
    if key == "frame":
        return replace(decode, frame=other.frame)
    name = key.removeprefix("options.")
    options = {own: value for own, value in decode.options.items() if own != name}
    if name in other.options:
        options[name] = other.options[name]
    return replace(decode, options=options)


def suite_lines(before: ModelDescription, after: ModelDescription) -> tuple[str, ...]:
    """Return the lines of a suite's `detector:` that turn the first description into the second."""
    tree: dict[str, Any] = {}
    for key, (_, value) in differences(before, after).items():
        if value is None:
            continue
        group, _, name = key.rpartition(".")
        if group:
            tree.setdefault(group, {})[name] = value
        else:
            tree[key] = value
    return tuple(f"{key}: {as_yaml(value)}" for key, value in tree.items())


def as_yaml(value: Any) -> str:
    """Return a value in YAML's flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and (not _PLAIN.fullmatch(value) or value.lower() in _WORDS):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _options(description: ModelDescription) -> dict[str, Any]:
    try:
        return read_options(description.decode, load_family(description.decode.family).OPTIONS)
    except ModelError:
        return dict(description.decode.options)


def _labels(category_ids: tuple[int, ...]) -> Any:
    """Return category ids as a suite would write them."""
    if category_ids == COCO_80:
        return "coco80"
    if category_ids == COCO_90:
        return "coco90"
    first = category_ids[0] if category_ids else 0
    if first >= 0 and category_ids == tuple(range(first, first + len(category_ids))):
        return {"offset": first, "count": len(category_ids)}
    return list(category_ids)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; three equal channels as one number."""
    value = to_json(value)
    if isinstance(value, list) and len(value) == 3 and len(set(map(str, value))) == 1:
        return value[0]
    return value
