"""What is odd about a model file, whatever its format: each check gives a sentence, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.core.record import Advice
from bench.inspecting.file_report import FileReport
from bench.wire.tensor import TensorSpec

# Operators that suppress boxes within the graph.
NMS_OPS = (
    "NonMaxSuppression",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "TFLite_Detection_PostProcess",
    "BatchedNMS_TRT",
    "EfficientNMS_TRT",
)

# COCO's evaluation counts so many detections of an image.
_COCO_DETECTIONS = 100

# What file names say of precision -> precisions that bear the name out.
_NAMED = {
    "int8": ("int8", "qat"),
    "quant": ("int8", "qat", "dynamic", "int16x8", "int4"),
    "qat": ("int8",),
    "fp16": ("fp16",),
    "float16": ("fp16",),
    "half": ("fp16",),
    "fp32": ("fp32",),
    "float32": ("fp32",),
    "dynamic": ("dynamic",),
}

# Scores that fall on fewer steps than this between 0 and 1 are worth nothing.
_FEWEST_STEPS = 20


def find_oddities(report: FileReport) -> tuple[Advice, ...]:
    """Return what an engineer should know before relying on the file."""
    return tuple(advice for check in CHECKS for advice in check(report))


def shared_scale(name: str, scale: float) -> Advice:
    """Return what to say of one quantized output that holds boxes and scores alike."""
    steps = int(1 / scale) + 1
    text = f"boxes and scores share the quantized output {name!r}: scores are known in steps of {scale:.4g}"
    if steps < _FEWEST_STEPS:
        many = "one value" if steps == 1 else f"{steps} values"
        return Advice(
            "shared_scale",
            f"{text}, so that all scores from 0 to 1 are rounded to {many}: next to nothing will be found",
            "export boxes and scores as outputs of their own, or keep the end of the graph in float",
        )
    advice = "where accuracy falls short of the float model, give boxes and scores outputs of their own"
    return Advice("shared_scale", text, advice)


def _inputs(report: FileReport) -> Iterator[Advice]:
    if len(report.inputs) != 1:
        names = ", ".join(spec.name for spec in report.inputs) or "none"
        yield Advice(
            "inputs", f"{len(report.inputs)} inputs ({names}), where a detector has one for the photo"
        )
        return
    spec = report.inputs[0]
    if any(size < 0 for size in spec.shape[1:]):
        yield Advice(
            "dynamic_input",
            f"the input's size is open: {spec.name!r} is {list(spec.shape)}",
            "write `input: {size: ...}` into the description",
        )
    if len(spec.shape) == 4 and spec.shape[0] > 1:
        yield Advice(
            "batch", f"the input takes {spec.shape[0]} photos at once", "export it with batch size 1"
        )
    is_first = len(spec.shape) >= 3 and spec.shape[-3] == 3 and spec.shape[-1] != 3
    if is_first and report.format != "onnx":
        text = f"channels come first, {list(spec.shape)}, which is unusual for this format"
        yield Advice("channels_first", text, "mind `layout: nchw`")


def _outputs(report: FileReport) -> Iterator[Advice]:
    if report.outputs and all(not spec.shape for spec in report.outputs):
        yield Advice("unshaped", "the outputs declare no shapes before the first call")
    elif any(-1 in spec.shape[1:] for spec in report.outputs):
        names = ", ".join(repr(spec.name) for spec in report.outputs if -1 in spec.shape[1:])
        yield Advice("dynamic_output", f"the number of rows of {names} is known only after a call")
    bare = [spec.name for spec in report.outputs if len(spec.shape) == 2 and spec.shape[0] > 1]
    if bare:
        yield Advice("no_batch", f"outputs without a batch axis: {', '.join(bare)}")


def _shared_output(report: FileReport) -> Iterator[Advice]:
    if len(report.outputs) == 1 and report.outputs[0].is_quantized and holds_both(report.outputs[0]):
        yield shared_scale(report.outputs[0].name, report.outputs[0].scale)


def holds_both(spec: TensorSpec) -> bool:
    """Whether one output has room for four box numbers and a score in each of many rows."""
    sizes = sorted(size for size in spec.shape if size != 1)
    return len(sizes) >= 2 and (sizes[0] >= 5 or sizes[0] < 0)


def _suppression(report: FileReport) -> Iterator[Advice]:
    found = [name for name in NMS_OPS if name in report.facts.ops]
    if found:
        yield Advice(
            "nms_in_graph",
            f"boxes are suppressed within the graph ({', '.join(found)}): its time is part of inference",
            "compare latency only with models that do the same",
        )


def _few_detections(report: FileReport) -> Iterator[Advice]:
    settings = report.post_processing
    if settings is not None and 0 < settings.max_detections < _COCO_DETECTIONS:
        yield Advice(
            "few_detections",
            f"the graph gives {settings.max_detections} boxes an image at most, and COCO's AP counts 100",
            "expect a lower AP than of an export without that limit",
        )


def _name(report: FileReport) -> Iterator[Advice]:
    words = re.split(r"[^a-z0-9]+", Path(report.path).stem.lower())
    for word, fitting in _NAMED.items():
        if word in words and report.facts.precision not in fitting:
            yield Advice("name", f"the file's name says {word}, but its tensors are {report.facts.precision}")
            return


def _floats(report: FileReport) -> Iterator[Advice]:
    work = {name: count for name, count in report.float_ops.items() if name not in NMS_OPS}
    if report.facts.precision == "int8" and work:
        listed = ", ".join(f"{name} x{count}" for name, count in sorted(work.items()))
        yield Advice(
            "float_ops", f"{sum(work.values())} operators of the integer model work on floats: {listed}"
        )


def _flex(report: FileReport) -> Iterator[Advice]:
    flex = sorted(name for name in report.facts.ops if name.startswith("Flex"))
    if flex:
        yield Advice(
            "flex",
            f"operators that only full TensorFlow runs: {', '.join(flex)}",
            "export with TFLite's built-in operators alone",
        )


CHECKS: tuple[Callable[[FileReport], Iterator[Advice]], ...] = (
    _name,
    _inputs,
    _outputs,
    _shared_output,
    _suppression,
    _few_detections,
    _floats,
    _flex,
)
