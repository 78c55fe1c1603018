"""A small detector that is not the built-in one, to prove that a user's own Keras model goes the whole way.

Residual adds, concatenation, upsampling, depthwise convolutions, hard-swish, a nested backbone and three
output scales. `python tests/models/other_detector.py OUT.keras` trains it on the rendered scenes; the weights
beside this file come from such a run. Axis letters: b images, n cells.
"""

from __future__ import annotations

import sys
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from bench.datasets.rendered import render_scene
from bench.models.builtin.images import resize_bilinear
from bench.models.builtin.loss import detection_loss
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression

SIZE = 160
STRIDES = (8, 16, 32)
NUM_CLASSES = 8

# Other than the built-in model's, and different for each channel.
MEAN = (123.7, 116.3, 103.5)
STD = (58.4, 57.1, 57.4)

# The longer side in input pixels up to which a stride answers for an object.
_LARGEST_SIDES = (40, 80, SIZE)

# A cell answers for an object if it lies within this many strides of the box's centre.
_RADIUS = 1.5

WEIGHTS = Path(__file__).with_name("other_detector.keras")

DESCRIPTION = ModelDescription(
    preprocess=Preprocess(width=SIZE, height=SIZE, mean=MEAN, std=STD),
    decode=Decode(
        "ltrb", options={"strides": list(STRIDES), "num_classes": NUM_CLASSES, "activation": "sigmoid"}
    ),
    suppression=Suppression(),
    category_ids=tuple(range(1, NUM_CLASSES + 1)),
)


def build_network() -> keras.Model:
    """Return the network with fresh weights: (b, 160, 160, 3) -> logits (b, 525, 8), ltrb (b, 525, 4)."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    fine, middle, coarse = _backbone()(image)
    coarse = _convolve(coarse, 64, 1)
    middle = _join(middle, coarse)
    fine = _join(fine, middle)
    scores, boxes = zip(*(_head(feature) for feature in (fine, middle, coarse)), strict=True)
    outputs = {
        "scores": layers.Concatenate(axis=1, name="scores")(list(scores)),
        "boxes": layers.Concatenate(axis=1, name="boxes")(list(boxes)),
    }
    return keras.Model(image, [outputs["scores"], outputs["boxes"]], name="other_detector")


def _backbone() -> keras.Model:
    """Return the nested part: image -> features of strides 8, 16 and 32."""
    image = keras.Input((SIZE, SIZE, 3))
    x = _convolve(image, 16, 3, stride=2)
    features = []
    for channels, blocks in ((24, 1), (32, 2), (56, 2), (80, 2)):
        for block in range(blocks):
            x = _inverted_residual(x, channels, 2 if block == 0 else 1)
        features.append(x)
    return keras.Model(image, features[1:], name="backbone")


def _inverted_residual(x: Any, channels: int, stride: int) -> Any:
    y = _convolve(x, 3 * x.shape[-1], 1)
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y)
    y = layers.Activation("hard_silu")(layers.BatchNormalization(momentum=0.97)(y))
    y = layers.BatchNormalization(momentum=0.97)(layers.Conv2D(channels, 1, use_bias=False)(y))
    return layers.Add()([x, y]) if stride == 1 else y


def _join(fine: Any, coarse: Any) -> Any:
    """Merge a coarser map into a finer one by upsampling and concatenation."""
    joined = layers.Concatenate()([_convolve(fine, 32, 1), layers.UpSampling2D(2)(_convolve(coarse, 32, 1))])
    return _convolve(_depthwise(joined), 64, 1)


def _head(x: Any) -> tuple[Any, Any]:
    """Return (b, cells, 8) logits and (b, cells, 4) distances of one scale."""
    tower = _convolve(_depthwise(x), 64, 1)
    # Each cell starts by claiming each class with probability .01, and a box of two strides to each side.
    scores = layers.Conv2D(NUM_CLASSES, 1, bias_initializer=keras.initializers.Constant(-4.595))(tower)
    small = keras.initializers.RandomNormal(stddev=0.01)
    reach = layers.Conv2D(
        4, 1, kernel_initializer=small, bias_initializer=keras.initializers.Constant(2.0), activation="relu"
    )(_convolve(_depthwise(x), 48, 1))
    return layers.Reshape((-1, NUM_CLASSES))(scores), layers.Reshape((-1, 4))(reach)


def _convolve(x: Any, channels: int, kernel: int, stride: int = 1) -> Any:
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False)(x)
    return layers.Activation("hard_silu")(layers.BatchNormalization(momentum=0.97)(x))


def _depthwise(x: Any) -> Any:
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    return layers.Activation("hard_silu")(layers.BatchNormalization(momentum=0.97)(x))


def make_targets(corners: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float32]:
    """Assign objects to the cells of the stride that fits their size; smaller objects win.

    Args:
        corners: (num_objects, 4) xyxy, input pixels.
        classes: (num_objects,) from 0.

    Returns:
        (n, 5) float32: class or -1, then left, top, right, bottom in strides.
    """
    parts = []
    sides = (corners[:, 2:] - corners[:, :2]).max(axis=1)
    for level, stride in enumerate(STRIDES):
        along = (np.arange(SIZE // stride) + 0.5) * stride
        centres = np.stack(np.meshgrid(along, along), axis=-1).reshape(-1, 2)
        target = np.zeros((len(centres), 5), np.float32)
        target[:, 0] = -1
        smallest = _LARGEST_SIDES[level - 1] if level else 0
        for index in np.argsort(-sides, kind="stable"):
            if smallest < sides[index] <= _LARGEST_SIDES[level]:
                cells = _answering(corners[index], centres, stride)
                target[cells, 0] = classes[index]
                target[cells, 1:3] = (centres[cells] - corners[index, :2]) / stride
                target[cells, 3:] = (corners[index, 2:] - centres[cells]) / stride
        parts.append(target)
    return np.concatenate(parts)


def _answering(box: NDArray[np.float64], centres: NDArray[np.float64], stride: int) -> NDArray[np.intp]:
    offset = np.abs(centres - (box[:2] + box[2:]) / 2)
    is_inside = ((centres > box[:2]) & (centres < box[2:])).all(axis=1)
    cells = np.flatnonzero((offset < _RADIUS * stride).all(axis=1) & is_inside)
    return cells if cells.size else np.array([int(np.argmin((offset**2).sum(axis=1)))])


def load_scene(split: str, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.int64]]:
    """Return a scene stretched to the input: pixels, corners (num_objects, 4) xyxy, classes from 0."""
    scene = render_scene(split, index)
    scale = SIZE / np.array(scene.image.shape[1::-1])
    corners = np.concatenate([scene.boxes[:, :2], scene.boxes[:, :2] + scene.boxes[:, 2:]], axis=1)
    pixels = np.rint(resize_bilinear(scene.image, SIZE, SIZE)).astype(np.uint8)
    return pixels, corners * np.tile(scale, 2), scene.class_ids - 1


def normalise(pixels: Any) -> NDArray[np.float32]:
    """Turn pixels into model inputs."""
    return ((np.asarray(pixels, np.float32) - np.float32(MEAN)) / np.float32(STD)).astype(np.float32)


def batches(
    scenes: list[Any], size: int, seed: int
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield augmented batches for ever: mirrored, transposed, colours exchanged."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(scenes))
        for start in range(0, len(order) - size + 1, size):
            chosen = [_augment(*scenes[index], random) for index in order[start : start + size]]
            yield (
                normalise(np.stack([pixels for pixels, _ in chosen])),
                np.stack([target for _, target in chosen]),
            )


def _augment(
    pixels: NDArray[np.uint8],
    corners: NDArray[np.float64],
    classes: NDArray[np.int64],
    random: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    if random.random() < 0.5:
        pixels = pixels[:, ::-1]
        corners = np.stack([SIZE - corners[:, 2], corners[:, 1], SIZE - corners[:, 0], corners[:, 3]], axis=1)
    if random.random() < 0.5:
        pixels, corners = pixels.transpose(1, 0, 2), corners[:, [1, 0, 3, 2]]
    return pixels[..., random.permutation(3)], make_targets(corners, classes)


def load_scenes(count: int) -> list[Any]:
    """Render training scenes in two processes, see `load_scene`."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        return list(pool.map(partial(load_scene, "train"), range(count), chunksize=50))


def train(scenes: list[Any], steps: int = 2200, batch_size: int = 16, seed: int = 0) -> keras.Model:
    """Train briefly; prints the loss now and then."""
    keras.utils.set_random_seed(seed)
    model = build_network()
    schedule = keras.optimizers.schedules.CosineDecay(0.0, steps - 50, warmup_target=3e-3, warmup_steps=50)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, global_clipnorm=10.0)
    variables = model.trainable_variables

    def step(images: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = detection_loss(model(images, training=True), targets)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    optimizer.build(variables)
    compiled, stream, started = tf.function(step), batches(scenes, batch_size, seed), time.perf_counter()
    for number in range(1, steps + 1):
        images, targets = next(stream)
        loss = float(compiled(tf.constant(images), tf.constant(targets)))
        if number % 50 == 0:
            pace = (time.perf_counter() - started) / number
            print(f"step {number}/{steps} loss {loss:.3f} {pace:.2f} s/step", flush=True)
    return model


def save(model: keras.Model, path: Path) -> None:
    """Write a `.keras` file without the slack that Keras leaves in it."""
    loose = path.with_suffix(".loose.keras")
    model.save(loose, include_optimizer=False)
    with (
        zipfile.ZipFile(loose) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target,
    ):
        for name in source.namelist():
            target.writestr(name, source.read(name))
    loose.unlink()


if __name__ == "__main__":
    save(train(load_scenes(1600)), Path(sys.argv[1]))
