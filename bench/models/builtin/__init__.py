"""The built-in detector: a small real network that this project trained on its own rendered scenes.

Importing this package imports no framework. `network`, `loss`, `optimise` and `train` need TensorFlow; the
description, the images, targets and batches need numpy only.
"""

from bench.models.builtin.batches import training_batches
from bench.models.builtin.description import CLASS_NAMES, DESCRIPTION
from bench.models.builtin.images import TrainingSet, load_training_set, prepare
from bench.models.builtin.shipped import load_builtin, read_card, weights_path
from bench.models.builtin.targets import make_targets

__all__ = [
    "CLASS_NAMES",
    "DESCRIPTION",
    "TrainingSet",
    "load_builtin",
    "load_training_set",
    "make_targets",
    "prepare",
    "read_card",
    "training_batches",
    "weights_path",
]
