"""A description to paste into a suite, in the YAML that the suite's reader takes."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

from bench.core.recipe import PRECISIONS
from bench.detectors.families.base import Recognition
from bench.detectors.presets import COCO_80, COCO_90
from bench.inspecting.file_report import FileReport
from bench.wire.codec import to_json
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression

# format -> the suite's key of the file.
_KEYS = {
    "tflite": "tflite",
    "onnx": "onnx",
    "keras": "keras",
    "h5": "keras",
    "saved_model": "source",
}

# What a name in a suite may not hold.
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")

# Lines are wrapped here.
WIDTH = 110


def paste_text(report: FileReport, recognition: Recognition) -> str:
    """Return the `model:` part of a suite for a file, every setting written out.

    What the file does not tell is as the family's models have it customarily, and marked as such.
    """
    key = _KEYS[report.format]
    lines = ["model:", f"  name: {_scalar(_name(Path(report.path)))}", f"  {key}: {_scalar(report.path)}"]
    if key in ("tflite", "onnx"):
        lines += _precision_lines(key, report.facts.precision)
    lines.append("  detector:")
    if recognition.unknown:
        text = f"Not in the file, as the family has it; check: {'; '.join(recognition.unknown)}."
        lines += textwrap.wrap(text, WIDTH, initial_indent="    # ", subsequent_indent="    # ")
    return "\n".join([*lines, *(f"    {line}" for line in detector_lines(recognition.description))]) + "\n"


def detector_lines(description: ModelDescription) -> list[str]:
    """Return the lines below `detector:`."""
    decode = description.decode
    parts = {
        "family": decode.family,
        "input": _input(description.preprocess),
        "outputs": _outputs(decode),
        "options": decode.options,
        "frame": decode.frame if decode.frame != "input" else None,
        "labels": _labels(description.category_ids),
        "nms": _nms(description.suppression),
    }
    return [line for key, value in parts.items() if value for line in _entry(key, value)]


def _entry(key: str, value: Any) -> list[str]:
    """Write a key and its value, over several lines where one would be too long."""
    return textwrap.wrap(
        f"{key}: {_flow(value)}",
        WIDTH - 4,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _precision_lines(key: str, precision: str) -> list[str]:
    """Declare the precision of a given file; a float one can be a source of recipes as well."""
    if precision == "fp32":
        hint = f"To quantize it by recipes, write `source:` for `{key}:` and leave out `precision`."
        return [f"  # {hint}", "  precision: fp32"]
    if precision in PRECISIONS:
        return [f"  precision: {precision}"]
    known = ", ".join(PRECISIONS)
    return [f"  # The tensors are {precision}, which is none of {known}.", "  precision: fp32"]


def _name(path: Path) -> str:
    return _NO_NAME.sub("-", path.stem if path.suffix else path.name).strip("-._")[:64] or "model"


def _input(preprocess: Preprocess) -> dict[str, Any]:
    is_square = preprocess.width == preprocess.height
    values: dict[str, Any] = {
        "size": preprocess.width if is_square else [preprocess.width, preprocess.height],
        "layout": preprocess.layout,
        "color": preprocess.color,
        "resize": preprocess.resize,
        "mean": _one_or_three(preprocess.mean),
        "std": _one_or_three(preprocess.std),
    }
    if preprocess.resize != "stretch":
        values["pad_value"] = preprocess.pad_value
    if preprocess.interpolation != "bilinear":
        values["interpolation"] = preprocess.interpolation
    if preprocess.quantization is not None:
        values["quantization"] = to_json(preprocess.quantization)
    return values


def _one_or_three(values: tuple[float, ...]) -> Any:
    shown = [int(value) if float(value).is_integer() else value for value in values]
    return shown[0] if len(set(shown)) == 1 else shown


def _outputs(decode: Decode) -> dict[str, Any]:
    """Return tensor names by role, with a quantization where one is put over the file's."""
    roles: dict[str, Any] = {}
    for role, name in decode.outputs.items():
        own = decode.quantization.get(name)
        roles[role] = name if own is None else {"name": name, **to_json(own)}
    return roles


def _labels(category_ids: tuple[int, ...]) -> Any:
    if category_ids == COCO_80:
        return "coco80"
    if category_ids == COCO_90:
        return "coco90"
    first = category_ids[0] if category_ids else 1
    if category_ids == tuple(range(first, first + len(category_ids))):
        return {"offset": first, "count": len(category_ids)}
    return list(category_ids)


def _nms(suppression: Suppression) -> dict[str, Any]:
    values: dict[str, Any] = {"score_threshold": suppression.score_threshold}
    if suppression.in_graph:
        values |= {"max_detections": suppression.max_detections, "in_graph": True}
    else:
        values |= {
            "iou": suppression.iou_threshold,
            "max_detections": suppression.max_detections,
            "pre_nms_top_k": suppression.pre_nms_top_k,
            "class_aware": suppression.is_class_aware,
            "multi_label": suppression.is_multi_label,
        }
    return values if suppression.is_clipped else {**values, "clip": False}


def _flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Write a single value; texts that YAML could take for something else are quoted."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_./-]*", value):
        is_word = value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
        return value if is_word else json.dumps(value)
    return json.dumps(value)
