"""Train the built-in detector from nothing and write its weights with a card of facts."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bench.models.builtin.batches import training_batches
from bench.models.builtin.evaluate import measure_accuracy
from bench.models.builtin.images import SceneSource, TrainingSet, load_training_set
from bench.models.builtin.network import build_network
from bench.models.builtin.optimise import Report, descend
from bench.models.builtin.saving import save_with_card

_WARMUP_STEPS = 100
_WEIGHT_DECAY = 0.02


@dataclass(frozen=True)
class Settings:
    """How the detector is trained. The defaults made the shipped weights.

    Attributes:
        num_images: Training scenes, each seen about `steps * batch_size / num_images` times.
        num_evaluation_images: Held-out scenes for the measured accuracy.
        steps: Gradient steps.
        batch_size: Images per step.
        learning_rate: The highest; it rises for 100 steps and falls to 0 along a cosine.
        seed: Of the scenes, the first weights, the order and the augmentation.
    """

    num_images: int = 10000
    num_evaluation_images: int = 400
    steps: int = 8000
    batch_size: int = 16
    learning_rate: float = 2e-3
    seed: int = 0


def train(
    source: SceneSource, folder: Path, settings: Settings | None = None, report: Report = print
) -> dict[str, Any]:
    """Train, measure and save the detector.

    Multi-threaded sums make two runs differ slightly even with one seed: expect the same accuracy, not the
    same bytes.

    Args:
        source: Gives labelled scenes by split, index and seed, such as `render_scene`.
        folder: Receives `detector.keras` and `card.json`.
        settings: The defaults if not given.
        report: Receives progress lines.

    Returns:
        The card.
    """
    settings = settings or Settings()
    report(f"rendering {settings.num_images} training scenes")
    data = load_training_set(source, "train", settings.num_images, settings.seed)
    started = time.perf_counter()
    model = _fit(data, settings, report)
    train_seconds = time.perf_counter() - started
    report(f"measuring on {settings.num_evaluation_images} held-out scenes")
    scenes = (source("evaluation", index, settings.seed) for index in range(settings.num_evaluation_images))
    statistics = measure_accuracy(predictor(model), scenes)
    facts = {
        "settings": asdict(settings),
        "training_data_sha256": data.sha256,
        "train_seconds": round(train_seconds),
        "statistics": {name: round(value, 4) for name, value in statistics.items()},
    }
    return save_with_card(model, folder, facts)


def predictor(model: keras.Model) -> Any:
    """Wrap a model as a function of numpy arrays, with frozen batch statistics."""
    call = tf.function(lambda images: model(images, training=False), reduce_retracing=True)

    def predict(images: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores, boxes = call(tf.constant(images))
        return scores.numpy(), boxes.numpy()

    return predict


def _fit(data: TrainingSet, settings: Settings, report: Report) -> keras.Model:
    keras.utils.set_random_seed(settings.seed)
    model = build_network()
    falling_steps = max(1, settings.steps - _WARMUP_STEPS)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, falling_steps, warmup_target=settings.learning_rate, warmup_steps=_WARMUP_STEPS
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=_WEIGHT_DECAY, clipnorm=10.0)
    batches = training_batches(data.images, data.targets, settings.batch_size, settings.seed)
    variables = list(model.trainable_variables)
    descend(
        lambda images: model(images, training=True), variables, optimizer, batches, settings.steps, report
    )
    return model
