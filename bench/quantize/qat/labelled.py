"""Quantization-aware training with labels: the simulated model learns from the detector's own loss."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.core.recipe import Granularity, Training
from bench.quantize.qat.descent import Loss, descend
from bench.quantize.qat.distillation import Distillation
from bench.quantize.qat.pictures import Pictures
from bench.quantize.qat.result import OnStep, QatResult, ignore_step
from bench.quantize.qat.rewrite import rewrite
from bench.quantize.qat.simulator import Simulator
from bench.quantize.qat.starting import best_start

# Batches taken from the front of the stream to judge by; their images may come again in training.
_JUDGING_BATCHES = 4

# A loss that grew so much is no training result at all.
_DIVERGED = 2.0


def train_with_labels(
    model: Any,
    batches: Iterator[tuple[Any, Any]],
    loss: Loss,
    training: Training,
    granularity: Granularity,
    calibration_images: NDArray[np.float32],
    on_step: OnStep = ignore_step,
) -> QatResult:
    """Train a functional Keras model under simulated INT8 on labelled batches.

    Args:
        model: The float model; it stays as it is.
        batches: An endless stream of (normalised float32 images, targets).
        loss: (flat list of the model's outputs, targets) -> scalar.
        training: Steps, learning rate and seed; the stream decides the batch size.
        granularity: Of the weights' scales.
        calibration_images: (num_images, height, width, channels) float32, normalised as in the batches; for
            ranges.
        on_step: Called after each step.

    Returns:
        The model, and the loss on the first batches of the stream, which were set aside. They are not images
        the network never saw, so the trained weights' mAP, and that of a float fine-tune of as many steps,
        decide.

    Raises:
        UnavailableError: the model cannot be wrapped, or there are too few images; the message is the reason.
    """
    simulator = Simulator(rewrite(model), granularity)
    pictures = Pictures(calibration_images, lambda images: images)
    distillation = Distillation(simulator, pictures, training.seed)
    _, note = best_start(simulator, distillation, granularity)
    judging = list(islice(batches, _JUDGING_BATCHES))
    initial, start = _judge(simulator, judging, loss), simulator.state()
    is_finite = descend(simulator, batches, loss, training, on_step)
    final = float("nan")
    if is_finite:
        simulator.calibrate(distillation.learning_images())
        final = _judge(simulator, judging, loss)
    # The batches set aside are too few to choose by: the file is scored, and its mAP decides.
    is_kept = is_finite and final < _DIVERGED * initial
    if is_kept:
        simulator.bake()
    else:
        simulator.restore(start)
    return QatResult(simulator.model, (note, _verdict(initial, final, is_kept)), initial, final, is_kept)


def _judge(simulator: Simulator, batches: list[tuple[Any, Any]], loss: Loss) -> float:
    """Return the mean loss of simulated INT8 over batches."""
    values = [
        float(
            loss(
                simulator.outputs(tf.convert_to_tensor(images), "quantize"),
                keras.tree.map_structure(tf.convert_to_tensor, targets),
            )
        )
        for images, targets in batches
    ]
    return float(np.mean(values))


def _verdict(initial: float, final: float, is_kept: bool) -> str:
    change = f"detection loss on {_JUDGING_BATCHES} batches set aside {initial:.3g} -> {final:.3g}"
    if is_kept:
        return f"QAT with labels: {change}"
    return f"QAT with labels diverged, post-training weights kept: {change}"
