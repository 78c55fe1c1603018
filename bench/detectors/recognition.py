"""Which decode families a model file may be of, by what it says of its inputs, outputs and operators.

Reading the file is left to others. A recognition is a proposal: what shapes cannot tell is taken from the
family's customs and listed.
"""

from collections.abc import Mapping, Sequence

from bench.detectors.families.base import FAMILIES, FamilyClass, Recognition, load_family
from bench.detectors.plug_ins import plug_in_names
from bench.errors import ModelError
from bench.wire.description import ModelDescription
from bench.wire.tensor import TensorSpec


def recognise_all(
    inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], ops: Mapping[str, int], suffix: str
) -> list[Recognition]:
    """Return the families that a model fits, the most likely first; empty where none does.

    Args:
        ops: Operators of the graph and how often each occurs; may be empty.
        suffix: `.tflite` or `.onnx`, where exports to them differ; empty for other sources.
    """
    found = [
        recognition
        for name in (*FAMILIES, *plug_in_names())
        if (family := _loaded(name)) is not None
        and (recognition := _recognised(family, inputs, outputs, ops, suffix)) is not None
    ]
    return sorted(found, key=lambda recognition: -recognition.confidence)


def class_count_hint(
    description: ModelDescription, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]
) -> str:
    """Return both numbers of classes where a model's differs from that of its labels; empty otherwise.

    A file is not a COCO model because its name is that of one.
    """
    family, num_labels = description.decode.family, len(description.category_ids)
    found = [one.description for one in recognise_all(inputs, outputs, {}, "")]
    counts = [len(one.category_ids) for one in found if one.decode.family == family]
    if not counts or counts[0] == num_labels:
        return ""
    return (
        f"the labels name {num_labels} classes, but the model's outputs look like {counts[0]}; correct "
        "labels, or take the file that they are meant for: "
    )


def _recognised(
    family: FamilyClass,
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    ops: Mapping[str, int],
    suffix: str,
) -> Recognition | None:
    """Return what a family says of a file; shapes that no one thought of are not of the family."""
    try:
        return family.recognise(inputs, outputs, ops, suffix)
    except Exception:  # a package's family raises whatever it likes, and is one of many that are asked
        return None


def _loaded(name: str) -> FamilyClass | None:
    """Return a family that can recognise files; a package's own may be broken, or leave that out."""
    try:
        family = load_family(name)
    except ModelError:
        return None
    return family if hasattr(family, "recognise") else None
