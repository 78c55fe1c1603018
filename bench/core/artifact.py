"""Artifact: a built or given model file, and what was found in it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class FileFacts:
    """What a model file says of itself, read from its tensors and never from its name.

    Attributes:
        precision: `fp32`, `fp16`, `dynamic`, `int8`, `int16x8`, `int4`, or `mixed` where none of them fits.
        weight_bytes: bytes of constant tensors by dtype (`float32`, `float16`, `int8`, `int32`, ...).
        ops: number of operators by type.
        inputs, outputs: a line each, as `name float32 [1, 160, 160, 3]`, with scale and zero point where
            the tensor is quantized.
        opset: the ONNX opset of the main domain; 0 for TFLite.
        notes: what a reader should know (`input is quantized to uint8`, ...).
    """

    precision: str
    weight_bytes: dict[str, int] = field(default_factory=dict)
    ops: dict[str, int] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    opset: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """One model file, known by content.

    Attributes:
        path: where it lies on the controller.
        compressed_bytes: size after zlib level 9, as an over-the-air update would send it.
        recipe_key: hash of everything that made it; empty for a given file.
        is_trained: the file holds weights that QAT trained; False where post-training weights were kept
            because training did not help; None where nothing was trained.
        build_notes: what making it reported (QAT's loss, layers rewritten, ranges found).
    """

    path: str
    sha256: str
    size_bytes: int
    compressed_bytes: int
    facts: FileFacts
    recipe_key: str = ""
    is_trained: bool | None = None
    build_notes: tuple[str, ...] = ()
