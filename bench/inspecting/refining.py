"""Puts into recognitions what a file says beyond its shapes: an operator's settings, an exporter's notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.core.record import Advice
from bench.detectors.families.base import Recognition
from bench.detectors.presets import COCO_80, COCO_90
from bench.inspecting.file_report import FileReport, PostProcessing
from bench.wire.tensor import TensorSpec

# The first and the last of COCO's classes, whether 80 or 90 of them are counted.
_COCO_ENDS = ("person", "toothbrush")

_CLASS_COUNT = "class count"

# What the operator's outputs are called where no converter renamed them.
_OPERATOR_NAMES = {
    "boxes": "TFLite_Detection_PostProcess",
    "classes": "TFLite_Detection_PostProcess:1",
    "scores": "TFLite_Detection_PostProcess:2",
    "num": "TFLite_Detection_PostProcess:3",
}


def refine(report: FileReport, found: Sequence[Recognition]) -> tuple[Recognition, ...]:
    """Return the recognitions with the file's own words in them, those that agree with its notes first."""
    settings = report.post_processing
    refined = [_with_settings(one, settings) if settings is not None else one for one in found]
    count = len(report.class_names)
    return tuple(sorted(refined, key=lambda one: bool(count) and not _agrees(one, count)))


def with_operator_names(
    outputs: Sequence[TensorSpec], settings: PostProcessing | None
) -> tuple[TensorSpec, ...]:
    """Return outputs under the names that the post-processing operator itself gives them."""
    roles = {name: role for role, name in settings.outputs.items()} if settings else {}
    return tuple(
        replace(spec, name=_OPERATOR_NAMES[roles[spec.name]]) if spec.name in roles else spec
        for spec in outputs
    )


def name_oddities(report: FileReport, found: Sequence[Recognition]) -> tuple[Advice, ...]:
    """Return where an exporter's class names fit neither the outputs nor COCO."""
    names, best = report.class_names, found[0] if found else None
    if not names or best is None:
        return ()
    if not _agrees(best, len(names)):
        classes = len(best.description.category_ids)
        text = f"the exporter noted {len(names)} class names, but the outputs have {classes} classes"
        return (Advice("class_names", text, "look whether notes and model belong together"),)
    is_coco = (names[0].lower(), names[-1].lower()) == _COCO_ENDS
    if best.description.category_ids in (COCO_80, COCO_90) and not is_coco:
        text = f"{len(names)} classes, but not COCO's: {names[0]} ... {names[-1]}"
        return (Advice("class_names", text, "write the names into `labels`, in a list or a file"),)
    return ()


def _agrees(recognition: Recognition, count: int) -> bool:
    if any(_CLASS_COUNT in words for words in recognition.unknown):
        return True
    return len(recognition.description.category_ids) == count


def _with_settings(recognition: Recognition, settings: PostProcessing) -> Recognition:
    """Fill in class count and outputs from the operator that a graph ends in."""
    description = recognition.description
    if description.decode.family != "tfod":
        return recognition
    if settings.num_classes:
        ids = COCO_90 if settings.num_classes == 90 else tuple(range(1, settings.num_classes + 1))
        description = replace(description, category_ids=ids)
        words = tuple(one.replace("class count and offset", "class offset") for one in recognition.unknown)
        recognition = replace(recognition, unknown=words)
    if settings.outputs and settings.outputs != _OPERATOR_NAMES:
        decode = replace(description.decode, outputs=dict(settings.outputs))
        description = replace(description, decode=decode)
    return replace(recognition, description=description)
