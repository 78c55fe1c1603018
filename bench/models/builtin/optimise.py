"""The gradient steps that training, fine-tuning and quantization-aware training have in common."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.models.builtin.loss import detection_loss

Forward = Callable[[Any], Sequence[Any]]
Batches = Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]
Report = Callable[[str], None]

# Steps between two progress lines.
_REPORT_EVERY = 100


def fine_tune(
    model: keras.Model,
    batches: Batches,
    steps: int,
    learning_rate: float = 3e-4,
    seed: int = 0,
    *,
    forward: Forward | None = None,
    variables: Sequence[Any] | None = None,
    report: Report = lambda line: None,
) -> float:
    """Train a finished model a little further, in place, with its batch statistics frozen.

    It serves both a float model and a simulation of a quantized one, so that the two get the same treatment.

    Args:
        model: The detector, or anything that owns its weights.
        batches: As `training_batches` yields them.
        steps: Gradient steps.
        learning_rate: At the start; it falls to 0 along a cosine after ten steps of warm-up.
        seed: Of the framework's random source.
        forward: images (b, 160, 160, 3) -> [scores, boxes]; the model itself if not given.
        variables: What to train; the model's trainable variables if not given.
        report: Receives a progress line now and then.

    Returns:
        The mean loss of the last tenth of the steps.
    """
    keras.utils.set_random_seed(seed)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=learning_rate, warmup_steps=10
    )
    optimizer = keras.optimizers.Adam(schedule, clipnorm=10.0)
    predict = forward or (lambda images: model(images, training=False))
    return descend(predict, list(variables or model.trainable_variables), optimizer, batches, steps, report)


def descend(
    forward: Forward,
    variables: list[Any],
    optimizer: keras.optimizers.Optimizer,
    batches: Batches,
    steps: int,
    report: Report,
) -> float:
    """Take gradient steps and return the mean loss of the last tenth of them."""
    optimizer.build(variables)
    step = _step_function(forward, variables, optimizer)
    losses: list[float] = []
    started = time.perf_counter()
    for number in range(1, steps + 1):
        images, targets = next(batches)
        losses.append(float(step(tf.constant(images), tf.constant(targets))))
        if number % _REPORT_EVERY == 0 or number == steps:
            pace = (time.perf_counter() - started) / number
            report(f"step {number}/{steps}  loss {np.mean(losses[-_REPORT_EVERY:]):.3f}  {pace:.2f} s/step")
    return float(np.mean(losses[-max(1, steps // 10) :]))


def _step_function(
    forward: Forward, variables: list[Any], optimizer: keras.optimizers.Optimizer
) -> Callable[[Any, Any], Any]:
    """Trace one step: (images, targets) -> loss before the step."""

    def step(images: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = detection_loss(forward(images), targets)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    traced: Callable[[Any, Any], Any] = tf.function(step)
    return traced
