"""Rewrite a functional Keras model into a plain one that computes the same, and prove that it does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bench.errors import UnavailableError
from bench.quantize.qat import graph
from bench.quantize.qat.folding import fold
from bench.quantize.qat.inlining import inline
from bench.quantize.qat.splitting import split
from bench.quantize.qat.support import reason_not_wrappable

# Largest difference between the two models, as a share of the largest output. Folding only reorders float32
# arithmetic: healthy models stay below 1e-5.
_TOLERANCE = 1e-3

# Height and width to compare at where a model leaves them open.
_OPEN_SIZE = 128


def rewrite(model: Any) -> keras.Model:
    """Return an equal functional model of plain layers, with weights of its own.

    Nested models are laid open, batch normalisation is folded, activations stand alone. The names and the
    structure of the outputs stay; the batch size is open.

    Raises:
        UnavailableError: the model cannot be wrapped; the message is the reason.
    """
    reason = reason_not_wrappable(model)
    if reason:
        raise UnavailableError(reason)
    try:
        # The second copy leaves every layer with the one call that it has in the result.
        plain = inline(fold(split(inline(model))))
    except (ValueError, TypeError, NotImplementedError) as error:
        cause = str(error).strip().splitlines()[0]
        raise UnavailableError(f"the model cannot be rebuilt layer by layer: {cause}") from error
    difference = largest_difference(model, plain)
    if not difference <= _TOLERANCE:
        raise UnavailableError(
            f"rewritten into plain layers the model's outputs differ by {difference:.2g} of their range; "
            f"expected at most {_TOLERANCE:g}, so it holds something that was not understood"
        )
    return plain


def largest_difference(model: Any, other: Any, seed: int = 0) -> float:
    """Return how far two models' outputs on noise differ at most, as a share of the largest output."""
    batch = model.inputs[0].shape[0] or 2
    sizes = [size or _OPEN_SIZE for size in model.inputs[0].shape[1:]]
    noise = np.random.default_rng(seed).uniform(-1, 1, (batch, *sizes)).astype(np.float32)
    differences = [
        float(np.max(np.abs(first - second)) / max(np.max(np.abs(first)), 1e-12))
        for first, second in zip(_outputs(model, noise), _outputs(other, noise), strict=True)
    ]
    return max(differences)


def _outputs(model: Any, images: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(output, np.float64) for output in graph.run(model, [tf.constant(images)], graph.call)]
