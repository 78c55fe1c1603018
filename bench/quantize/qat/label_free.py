"""Quantization-aware training without labels: the simulated model learns to answer like the float model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.recipe import Granularity, Training
from bench.quantize.qat.descent import descend
from bench.quantize.qat.distillation import Distillation
from bench.quantize.qat.pictures import Normalise, Pictures
from bench.quantize.qat.result import OnStep, QatResult, ignore_step
from bench.quantize.qat.rewrite import rewrite
from bench.quantize.qat.simulator import Simulator
from bench.quantize.qat.starting import best_start


def train_label_free(
    model: Any,
    images: NDArray[np.uint8],
    normalise: Normalise,
    training: Training,
    granularity: Granularity = "per_channel",
    on_step: OnStep = ignore_step,
) -> QatResult:
    """Train a functional Keras model under simulated INT8 on the float model's own outputs.

    A fifth of the images is held back. On it the trained weights must come closer to the float model than the
    best post-training ones, or those are given back: QAT promises no gain over a good INT8.

    Args:
        model: The float model; it stays as it is.
        images: (num_images, height, width, channels) uint8, of the model's input size; all of them are used.
        normalise: Turns float32 pixel values into model inputs, see `pictures.normaliser`.
        training: Steps, batch size, learning rate and seed.
        granularity: Of the weights' scales.
        on_step: Called after each step.

    Returns:
        The model, and losses on the images held back: squared distance over the variance of each output.

    Raises:
        UnavailableError: the model cannot be wrapped, or there are too few images; the message is the reason.
    """
    simulator = Simulator(rewrite(model), granularity)
    distillation = Distillation(simulator, Pictures(images, normalise), training.seed)
    initial, note = best_start(simulator, distillation, granularity)
    start = simulator.state()
    batches = distillation.batches(training.batch_size, training.seed)
    is_finite = descend(simulator, batches, distillation.loss, training, on_step)
    final = distillation.calibrated_loss() if is_finite else float("nan")
    is_kept = final < initial
    if is_kept:
        simulator.bake()
    else:
        simulator.restore(start)
    held_back = len(distillation.held_back)
    return QatResult(
        model=simulator.model,
        notes=(note, _verdict(initial, final, is_kept, held_back)),
        initial_loss=initial,
        final_loss=final,
        is_kept=is_kept,
    )


def _verdict(initial: float, final: float, is_kept: bool, held_back: int) -> str:
    change = f"loss against the float model on {held_back} images held back {initial:.3g} -> {final:.3g}"
    if is_kept:
        return f"label-free QAT kept: {change}"
    return f"label-free QAT brought nothing, post-training weights kept: {change}"
