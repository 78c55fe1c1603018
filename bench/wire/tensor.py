"""TensorSpec: what a runtime says of one input or output tensor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TensorSpec:
    """One tensor of a model, as the runtime declares it.

    Attributes:
        shape: with -1 for dimensions that are not known before a call; may be empty (some post-processing
            operators declare nothing).
        dtype: numpy's name of the element type (`float32`, `uint8`, `int8`, ...).
        scale, zero_point: of a quantized tensor, `real = scale * (q - zero_point)`; scale 0 where the tensor
            is not quantized.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float = 0.0
    zero_point: int = 0

    @property
    def is_quantized(self) -> bool:
        """Whether values are integers that stand for real numbers."""
        return self.scale != 0.0
