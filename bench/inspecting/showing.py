"""A report on a file as text that people read: plain lines, sections, nothing that could move a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from bench.core.record import Advice
from bench.detectors.families.base import Recognition
from bench.inspecting.file_report import FileReport, Trial, WeightGroup
from bench.inspecting.lines import aligned, cut, wrapped
from bench.inspecting.pasting import paste_text
from bench.quantize.tensors import TensorFacts
from bench.report.texts import printable
from bench.report.units import kibibytes
from bench.wire.tensor import TensorSpec

FORMAT_NAMES = {
    "tflite": "TFLite",
    "onnx": "ONNX",
    "keras": "Keras",
    "h5": "Keras HDF5",
    "saved_model": "TensorFlow SavedModel",
}
RUNTIME_NAMES = {"litert": "LiteRT", "onnxruntime": "ONNX Runtime"}

# Nothing of these is meant to compute in integers.
FLOATS = ("fp32", "fp16")

# Classes named of all that the exporter noted.
FIRST_CLASSES = 3


def report_text(report: FileReport, with_tensors: bool = False) -> str:
    """Render a report.

    Args:
        with_tensors: list every tensor with its type and scales.
    """
    sections = [
        _head(report),
        _section("Inputs and outputs", _interface(report)),
        _section("Precision", _precision(report)),
        _section("Tensors", _each_tensor(report.tensors) if with_tensors else ()),
        _section(f"Operators ({sum(report.facts.ops.values()):,})", [_counts(report.facts.ops)]),
        _section("Run with zeros", _trial(report)),
        _section("Noted by the exporter", _notes(report)),
        _section("Worth knowing", _oddities(report.oddities)),
        _section("Looks like", _recognitions(report.recognitions)),
    ]
    if report.recognitions:
        sections.append("To paste into a suite\n\n" + paste_text(report, report.recognitions[0]).rstrip())
    return "\n\n".join(section for section in sections if section)


def _head(report: FileReport) -> str:
    opset = f", opset {report.facts.opset}" if report.facts.opset else ""
    producer = f", by {cut(report.producer)}" if report.producer else ""
    kind = f"{FORMAT_NAMES[report.format]}{opset}{producer}, {kibibytes(report.size_bytes)} KiB"
    return f"{printable(report.path)}\n{kind}, precision {report.facts.precision}\nsha256 {report.sha256}"


def _section(title: str, lines: Sequence[str]) -> str:
    shown = [line for line in lines if line]
    return "\n".join([title, *shown]) if shown else ""


def _interface(report: FileReport) -> list[str]:
    rows = [("input", spec) for spec in report.inputs] + [("output", spec) for spec in report.outputs]
    shapes = report.trial.output_shapes if report.trial else ()
    cells = [
        (role, cut(spec.name), spec.dtype, _shape(spec.shape), _quantization(spec)) for role, spec in rows
    ]
    for place, shape in enumerate(shapes[: len(report.outputs)], len(report.inputs)):
        role, name, dtype, declared, quantization = cells[place]
        if declared != _shape(shape):
            cells[place] = (role, name, dtype, f"{declared} -> {_shape(shape)}", quantization)
    return aligned(cells)


def _shape(shape: Iterable[int]) -> str:
    return f"[{', '.join('?' if size < 0 else str(size) for size in shape)}]"


def _quantization(spec: TensorSpec) -> str:
    if not spec.is_quantized:
        return ""
    return f"scale {spec.scale:.6g}, zero point {spec.zero_point}"


def _precision(report: FileReport) -> list[str]:
    rows = [("weights by type", _bytes(report.facts.weight_bytes))]
    rows += [("computing", _group(group)) for group in report.weighted]
    if report.weighted and report.facts.precision not in FLOATS:
        rows.append(("in float", _float_share(report)))
    rows.append(("tensors", _tensors(report.tensors)))
    seen = [note for note in report.facts.notes if not note.startswith(("these operators", "weights per"))]
    rows += [("note", printable(note)) for note in seen]
    return aligned([row for row in rows if row[1]])


def _bytes(sizes: dict[str, int]) -> str:
    ordered = sorted(sizes.items(), key=lambda item: -item[1])
    return ", ".join(f"{dtype} {kibibytes(count)} KiB" for dtype, count in ordered)


def _group(group: WeightGroup) -> str:
    scales = "" if group.scales == "none" else f" {group.scales}"
    return (
        f"{group.weight} weights{scales}, {group.activation} activations: {group.num_weights:,} weights in "
        f"{_counts(group.ops)}"
    )


def _float_share(report: FileReport) -> str:
    total, floats = sum(report.facts.ops.values()), sum(report.float_ops.values())
    return f"{floats:,} of {total:,} operators" if floats else f"none of {total:,} operators"


def _tensors(tensors: Sequence[TensorFacts]) -> str:
    kinds = Counter((tensor.dtype, _scales(tensor)) for tensor in tensors)
    return ", ".join(
        f"{count:,} {dtype}{f' {scales}' if scales else ''}" for (dtype, scales), count in kinds.most_common()
    )


def _each_tensor(tensors: Sequence[TensorFacts]) -> list[str]:
    rows = [
        (
            tensor.role,
            tensor.dtype,
            _shape(tensor.shape),
            f"scale {tensor.scale:.6g}, zero point {tensor.zero_point}" if tensor.scale else _scales(tensor),
            printable(tensor.name),
        )
        for tensor in tensors
    ]
    return aligned(rows)


def _scales(tensor: TensorFacts) -> str:
    return "" if not tensor.num_scales else "per tensor" if tensor.num_scales == 1 else "per channel"


def _counts(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return wrapped(", ".join(f"{cut(name)} {count:,}" for name, count in ordered))


def _trial(report: FileReport) -> list[str]:
    trial = report.trial
    if trial is None:
        return []
    name = RUNTIME_NAMES.get(trial.runtime, trial.runtime)
    if trial.problem:
        return [wrapped(f"{name} does not run it: {printable(trial.problem)}")]
    version = trial.proof.get("runtime_version", "")
    return [wrapped(f"{name} {version} loads and runs it{_kernels(report, trial)}")]


def _kernels(report: FileReport, trial: Trial) -> str:
    proof = trial.proof
    if "num_delegated" in proof:
        share = f"{proof['num_delegated']:,} of {proof['num_ops']:,} operators"
        return f"; XNNPACK takes {share} in {proof['num_delegates']} parts" if proof["num_delegated"] else ""
    if "num_fusable" in proof:
        if report.facts.precision in FLOATS:
            return f"; {proof['num_ops']:,} operators once optimized"
        left = f", {proof['num_quantize_ops']} conversions left" if proof["num_quantize_ops"] else ""
        share = f"{proof['num_fused']} of {proof['num_fusable']} convolutions and products run in integers"
        return f"; {proof['num_ops']:,} operators once optimized, {share}{left}"
    return ""


def _notes(report: FileReport) -> list[str]:
    rows = [(cut(key), printable(value)) for key, value in report.metadata.items()]
    names = report.class_names
    if names:
        first = ", ".join(map(printable, names[:FIRST_CLASSES]))
        rows.append(("classes", f"{len(names)}: {first}{' ...' if len(names) > FIRST_CLASSES else ''}"))
    return aligned(rows)


def _oddities(oddities: Sequence[Advice]) -> list[str]:
    return [
        wrapped(f"- {printable(advice.text)}{f'; {printable(advice.advice)}' if advice.advice else ''}")
        for advice in oddities
    ]


def _recognitions(found: Sequence[Recognition]) -> list[str]:
    if not found:
        return ["  no family that is known here; write a description by hand, or add a family"]
    best, others = found[0], found[1:]
    lines = [wrapped(f"{best.description.decode.family} ({best.confidence:.2f}): {printable(best.reason)}")]
    if best.unknown:
        lines.append(wrapped(f"not in the file, as the family customarily has it: {'; '.join(best.unknown)}"))
    if others:
        names = ", ".join(f"{other.description.decode.family} ({other.confidence:.2f})" for other in others)
        lines.append(wrapped(f"also fitting: {names}"))
    return lines
