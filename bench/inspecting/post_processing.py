"""The settings of a TFLite file's detection post-processing operator, which its shapes do not show."""

from __future__ import annotations

from typing import Any

from bench.inspecting.file_report import PostProcessing
from bench.quantize.tflite_graph import TfliteGraph, indices_of

OPERATOR = "TFLite_Detection_PostProcess"

# Its outputs in their fixed order (TensorFlow Lite, detection_postprocess.cc); whatever they are called.
_ROLES = ("boxes", "classes", "scores", "num")


def read_post_processing(content: bytes) -> PostProcessing | None:
    """Return the operator's settings; None where the file has no such operator, or one that is damaged."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content, 0)
    graph = TfliteGraph(model, model.Subgraphs(0))
    found = [operator for operator in graph.operators() if graph.op_name(operator) == OPERATOR]
    if len(found) != 1:
        return None
    names = [graph.name(index) for index in indices_of(found[0].OutputsAsNumpy())]
    options = _options(found[0])
    outputs = dict(zip(_ROLES, names, strict=True)) if len(names) == len(_ROLES) else {}
    return PostProcessing(
        num_classes=_count(options.get("num_classes")),
        max_detections=_count(options.get("max_detections")),
        iou_threshold=_fraction(options.get("nms_iou_threshold")),
        outputs=outputs,
    )


def _options(operator: Any) -> dict[str, Any]:
    from flatbuffers import flexbuffers

    packed = operator.CustomOptionsAsNumpy()
    try:
        value = {} if isinstance(packed, int) else flexbuffers.GetRoot(bytes(packed)).Value
    except Exception:  # the reader of these buffers checks nothing, so that damage shows in any way
        return {}
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return value if type(value) is int and 0 < value < 100_000 else 0


def _fraction(value: Any) -> float:
    return round(float(value), 6) if isinstance(value, (int, float)) and 0 < value <= 1 else 0.0
