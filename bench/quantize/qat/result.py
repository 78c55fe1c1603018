"""What quantization-aware training gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# (step from 1, number of steps, loss of that step)
OnStep = Callable[[int, int, float], None]


@dataclass(frozen=True)
class QatResult:
    """A trained model, and what training brought under simulated INT8.

    Attributes:
        model: a plain functional keras.Model in float32, for any exporter of post-training quantization.
        notes: what was done and found, a sentence each.
        initial_loss: of the best post-training weights, on images or batches that training was not steered
            by.
        final_loss: likewise, after training.
        is_kept: whether `model` holds the trained weights; if not, training did not lower the loss and it
            holds
            the best post-training ones.
    """

    model: Any
    notes: tuple[str, ...]
    initial_loss: float
    final_loss: float
    is_kept: bool


def ignore_step(step: int, steps: int, loss: float) -> None:
    """Report nothing."""
