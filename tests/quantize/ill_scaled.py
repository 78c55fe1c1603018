"""The built-in detector with its channels scaled to very different sizes, and the same outputs.

What one layer's channel is shrunk by, its readers are enlarged by. Which layers read which is written down
here by name, apart from the code that is to find it out.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.rendered import render_scene
from bench.models.builtin.images import prepare

# A shrunk channel that came close to the rectifier's limit would no longer be cut off by it.
SATURATED = 0.75 * 6

# Channels are shrunk by up to this factor, evenly in its logarithm.
LARGEST = 300.0


def readers() -> list[tuple[str, tuple[str, ...]]]:
    """Return convolutions with a rectifier, and all convolutions that read them."""
    # Not the stem: the first block adds its channels to what comes of them.
    found: list[tuple[str, tuple[str, ...]]] = []
    for stage, blocks in ((1, 1), (2, 2), (3, 3), (4, 3), (5, 2)):
        for block in range(1, blocks + 1):
            name = f"stage{stage}_block{block}"
            if stage > 1:
                found.append((f"{name}_expand", (f"{name}_depthwise",)))
            found.append((f"{name}_depthwise", (f"{name}_project",)))
    for level in (3, 4, 5):
        found.append((f"smooth{level}_depthwise", (f"smooth{level}_pointwise",)))
    found.append(("lateral5", ("smooth5_depthwise",)))
    heads = ("scores", "boxes")
    found.append(("smooth3_pointwise", tuple(f"{head}_tower1_depthwise" for head in heads)))
    for head, step in itertools.product(heads, (1, 2)):
        following = f"{head}_tower2_depthwise" if step == 1 else f"{head}_predict"
        found.append((f"{head}_tower{step}_depthwise", (f"{head}_tower{step}_pointwise",)))
        found.append((f"{head}_tower{step}_pointwise", (following,)))
    return found


def scale_badly(model: Any, seed: int = 0) -> int:
    """Shrink channels of a loaded built-in detector in place; return how many."""
    import keras

    images = np.stack([prepare(render_scene("calibration", index, 0).image) for index in range(100)])
    pairs, rng, count = readers(), np.random.default_rng(seed), 0
    watched = keras.Model(model.input, [model.get_layer(f"{first}_relu6").output for first, _ in pairs])
    reaches = [np.asarray(value).max((0, 1, 2)) for value in watched.predict(images, verbose=0)]
    for (first, seconds), reach in zip(pairs, reaches, strict=True):
        factors = LARGEST ** -rng.uniform(0, 1, reach.shape).astype(np.float32)
        factors = np.where(reach < SATURATED, factors, 1).astype(np.float32)
        count += int((factors < 1).sum())
        norm = model.get_layer(f"{first}_norm")
        gamma, beta, *moments = norm.get_weights()
        norm.set_weights([gamma * factors, beta * factors, *moments])
        for second in seconds:
            kernel, *bias = model.get_layer(second).get_weights()
            model.get_layer(second).set_weights([kernel / factors[:, None], *bias])
    return count


def write_ill_scaled(path: Path) -> int:
    """Write the ill-scaled detector; return how many channels were shrunk."""
    from bench.models.builtin.shipped import load_builtin

    model = load_builtin()
    count = scale_badly(model)
    model.save(path)
    return count
