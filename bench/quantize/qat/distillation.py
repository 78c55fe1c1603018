"""Learn from the float model's own outputs: targets without labels, and the distance to them.

Axis letters: n images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from bench.errors import UnavailableError
from bench.quantize.qat.pictures import Indices, Pictures
from bench.quantize.qat.simulator import Simulator

# Every fifth image judges what was learnt from the others.
_HELD_BACK = 5

_MIN_IMAGES = 5


class Distillation:
    """A float teacher, frozen at the moment of making this, and the images it answers."""

    def __init__(self, simulator: Simulator, pictures: Pictures, seed: int) -> None:
        """Ask the simulator's model, as it is now and without rounding, for its outputs.

        Args:
            simulator: Of the student, whose weights are still the float model's.
            pictures: At least five.
            seed: Of the share that is held back.

        Raises:
            UnavailableError: too few images, or outputs that are not floating point.
        """
        count = len(pictures.pixels)
        if count < _MIN_IMAGES:
            raise UnavailableError(f"got {count} images to learn from; expected {_MIN_IMAGES} or more")
        order = np.random.default_rng(seed).permutation(count)
        self.held_back: Indices = np.sort(order[: count // _HELD_BACK])
        self.learning: Indices = np.sort(order[count // _HELD_BACK :])
        self._simulator, self._pictures = simulator, pictures
        answers = [
            [output.numpy() for output in simulator.outputs(batch, "observe")]
            for batch in pictures.batches(np.arange(count))
        ]
        self._targets = [np.concatenate(parts) for parts in zip(*answers, strict=True)]
        if not all(np.issubdtype(target.dtype, np.floating) for target in self._targets):
            raise UnavailableError(
                "the model has an output that is not floating point, so nothing can be learnt from it"
            )
        self._variances = [max(float(np.var(target)), 1e-12) for target in self._targets]

    def loss(self, outputs: Sequence[Any], targets: Sequence[Any]) -> Any:
        """Return the mean squared distance to the teacher over its variance, summed over the outputs."""
        distances = [
            tf.reduce_mean(tf.square(output - target)) / variance
            for output, target, variance in zip(outputs, targets, self._variances, strict=True)
        ]
        return tf.add_n(distances)

    def batches(self, size: int, seed: int) -> Iterator[tuple[Any, list[Any]]]:
        """Yield for ever images of the learning share with the teacher's outputs, each image once a pass."""
        random = np.random.default_rng(seed)
        size = min(size, len(self.learning))
        while True:
            order = random.permutation(self.learning)
            for start in range(0, len(order) - size + 1, size):
                indices = order[start : start + size]
                yield (
                    self._pictures.batch(indices),
                    [tf.constant(target[indices]) for target in self._targets],
                )

    def learning_images(self) -> Iterator[Any]:
        """Yield the learning share in normalised batches."""
        return self._pictures.batches(self.learning)

    def calibrated_loss(self) -> float:
        """Calibrate the simulator on the learning share, and return its loss on the images held back."""
        self._simulator.calibrate(self.learning_images())
        outputs = [
            self._simulator.outputs(batch, "quantize") for batch in self._pictures.batches(self.held_back)
        ]
        whole = [tf.concat(parts, axis=0) for parts in zip(*outputs, strict=True)]
        return float(self.loss(whole, [target[self.held_back] for target in self._targets]))
