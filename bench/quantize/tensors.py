"""TensorFacts: what is known of one tensor of a model file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["input", "output", "weight", "activation"]


@dataclass(frozen=True)
class TensorFacts:
    """One tensor, as the file stores or declares it.

    Attributes:
        role: `weight` for every constant, shapes and biases included.
        dtype: numpy's name of the element type; `int4` and the like where numpy has none.
        shape: with -1 for dimensions that are not known before a call; may be empty.
        num_bytes: that its values take in the file; 0 where it has none.
        num_scales: quantization scales: 0 for none, 1 per tensor, more per channel.
        scale, zero_point: where there is one scale; 0 otherwise.
    """

    name: str
    role: Role
    dtype: str
    shape: tuple[int, ...]
    num_bytes: int = 0
    num_scales: int = 0
    scale: float = 0.0
    zero_point: int = 0
