"""The gradient steps of quantization-aware training, with whatever loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from bench.core.recipe import Training
from bench.quantize.qat.result import OnStep
from bench.quantize.qat.simulator import Simulator

# (the simulator's outputs, targets of a batch) -> scalar.
Loss = Callable[[list[Any], Any], Any]

# (normalised float32 images, targets of any structure)
Batches = Iterator[tuple[Any, Any]]

# Small, because training starts next to its goal.
_LEARNING_RATE = 3e-4
_WARMUP_STEPS = 10
_CLIP_NORM = 10.0

# A short memory of squared gradients suits a run of some hundred steps.
_BETA_2 = 0.99


def descend(simulator: Simulator, batches: Batches, loss: Loss, training: Training, on_step: OnStep) -> bool:
    """Train the simulator's model in place; its ranges follow.

    Returns:
        False if the loss stopped being a finite number, at which point training ended.
    """
    variables = simulator.model.trainable_variables
    optimizer = _optimizer(training)
    optimizer.build(variables)

    def step(images: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            value = loss(simulator.forward(images, "learn"), targets)
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    compiled = tf.function(step, autograph=False, reduce_retracing=True)
    for number in range(1, training.steps + 1):
        images, targets = next(batches)
        value = float(
            compiled(tf.convert_to_tensor(images), keras.tree.map_structure(tf.convert_to_tensor, targets))
        )
        on_step(number, training.steps, value)
        if not math.isfinite(value):
            return False
    return True


def _optimizer(training: Training) -> keras.optimizers.Optimizer:
    """Return Adam whose rate rises over some steps and falls along a cosine to zero at the last one."""
    warmup = min(_WARMUP_STEPS, training.steps // 2)
    rate = _LEARNING_RATE if training.learning_rate is None else training.learning_rate
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(training.steps - warmup, 1),
        warmup_target=rate,
        warmup_steps=warmup,
    )
    return keras.optimizers.Adam(schedule, beta_2=_BETA_2, global_clipnorm=_CLIP_NORM)
