"""From what a suite says of a detector to a complete description, by the presets of its family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.detectors.presets import default_description
from bench.suite.detector_format import DETECTOR
from bench.suite.detector_labels import Labels
from bench.suite.nodes import Path
from bench.suite.reading import Reading
from bench.wire.description import Decode, ModelDescription, Preprocess, Quantization, Suppression

_SUPPRESSION_NAMES = {
    "iou": "iou_threshold",
    "class_aware": "is_class_aware",
    "multi_label": "is_multi_label",
    "clip": "is_clipped",
}


def describe(
    values: dict[str, Any], suffix: str, path: Path, reading: Reading
) -> tuple[ModelDescription, tuple[str, ...]] | None:
    """Complete what a suite says of a detector with its family's presets; None if too much is wrong.

    Args:
        suffix: of the model file; exports to TFLite and to ONNX differ in their customs.

    Returns:
        The description, its input 0 x 0 where the suite leaves the size to the file; and the names of the
        classes, where the suite gives names whose categories are to be found yet.
    """
    size = _size(values.get("input", {}))
    if "family" not in values or size is None:
        return None
    options = values.get("options", {})
    preset = default_description(values["family"], *size, options.get("num_classes", 0), suffix)
    if preset.decode.family == "ltrb" and "labels" not in values and "num_classes" not in options:
        reading.complain((*path, "labels"), f"missing, expected {DETECTOR.keys['labels'].form.expected}")
    labels: Labels = values.get("labels") or Labels(preset.category_ids)
    description = ModelDescription(
        _preprocess(preset.preprocess, values.get("input", {})),
        _decode(preset.decode, values),
        _suppression(preset.suppression, values.get("nms", {})),
        labels.category_ids,
    )
    return description, labels.names


def _size(values: dict[str, Any]) -> tuple[int, int] | None:
    """Return width and height, 0 where neither is told; None where one of them is wrong."""
    size = values.get("size")
    if size is None:
        given = {"width", "height"} & set(values)
        return (values["width"], values["height"]) if len(given) == 2 else None if given else (0, 0)
    return (size, size) if isinstance(size, int) else (size if len(size) == 2 else None)


def _preprocess(preset: Preprocess, values: dict[str, Any]) -> Preprocess:
    changes = {name: value for name, value in values.items() if name not in ("size", "width", "height")}
    for name in ("mean", "std"):
        if isinstance(changes.get(name), float):
            changes[name] = (changes[name],) * 3
    if "quantization" in changes:
        changes["quantization"] = _quantization(changes["quantization"])
    return replace(preset, **changes)


def _quantization(values: dict[str, Any]) -> Quantization | None:
    complete = {"scale", "zero_point"} <= set(values)
    return Quantization(values["scale"], values["zero_point"]) if complete else None


def _decode(preset: Decode, values: dict[str, Any]) -> Decode:
    outputs = {
        role: told if isinstance(told, dict) else {"name": told}
        for role, told in values.get("outputs", {}).items()
    }
    own = {told["name"]: _quantization(told) for told in outputs.values() if "name" in told}
    return replace(
        preset,
        outputs={role: told["name"] for role, told in outputs.items() if "name" in told},
        options={**preset.options, **values.get("options", {})},
        frame=values.get("frame", preset.frame),
        quantization={name: quantization for name, quantization in own.items() if quantization},
    )


def _suppression(preset: Suppression, values: dict[str, Any]) -> Suppression:
    changes = {_SUPPRESSION_NAMES.get(name, name): value for name, value in values.items()}
    return replace(preset, **changes)
