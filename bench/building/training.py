"""Trained Keras models that QAT recipes are exported from, and the float control of training with labels."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.building.images import prepared_pixels
from bench.building.request import BuildRequest, training_images, training_set
from bench.core.recipe import Recipe
from bench.errors import DataError, UnavailableError
from bench.quantize.pixels import normalise

# (step from 1, number of steps, loss of that step; NaN where it is not known)
OnStep = Callable[[int, int, float], None]


@dataclass(frozen=True)
class Trained:
    """A plain float Keras model, and what its training reported."""

    model: Any
    notes: tuple[str, ...]
    is_trained: bool | None = None


def train(
    request: BuildRequest, model: Any, calibration: NDArray[np.uint8], cache: Path, on_step: OnStep
) -> Trained:
    """Train what a request asks for: under simulated INT8, or in float if it is a control.

    Args:
        calibration: (num_images, height, width, 3) uint8, for the ranges of training with labels.
        cache: root of the artifact store, for prepared images.

    Raises:
        UnavailableError: the model cannot be wrapped, or images are missing; the message is the reason.
    """
    recipe = request.recipe
    assert recipe is not None
    if not training_images(request):
        raise UnavailableError("quantization-aware training needs images; add calibration images to `data`")
    if recipe.training.labels:
        return _train_with_labels(request, recipe, model, calibration, cache, on_step)
    if request.control:
        raise UnavailableError(
            "label-free QAT learns from the float model, so its control is the float model itself"
        )
    return _train_label_free(request, recipe, model, cache, on_step)


def _train_label_free(
    request: BuildRequest, recipe: Recipe, model: Any, cache: Path, on_step: OnStep
) -> Trained:
    from bench.quantize.qat.label_free import train_label_free
    from bench.quantize.qat.pictures import normaliser

    preprocess = request.preprocess
    pixels = prepared_pixels(training_images(request), preprocess, cache)
    if preprocess.layout != "nhwc":
        raise UnavailableError(
            "quantization-aware training knows models with channels last (layout nhwc) only"
        )
    to_input = normaliser(preprocess.mean, preprocess.std)
    result = train_label_free(model, pixels, to_input, recipe.training, recipe.granularity, on_step)
    return Trained(result.model, _image_notes(request, recipe) + result.notes, result.is_kept)


def _train_with_labels(
    request: BuildRequest,
    recipe: Recipe,
    model: Any,
    calibration: NDArray[np.uint8],
    cache: Path,
    on_step: OnStep,
) -> Trained:
    from bench.models.builtin.loss import detection_loss
    from bench.models.builtin.optimise import fine_tune
    from bench.quantize.qat.labelled import train_with_labels

    training, notes = recipe.training, _image_notes(request, recipe)
    batches = _labelled_batches(request, recipe, cache)
    if request.control:
        # The same steps, batches and rate as QAT, without the simulation: what the training alone brings.
        rate = training.learning_rate or 3e-4
        counted = _counted(batches, training.steps, on_step)
        loss = fine_tune(model, counted, training.steps, rate, training.seed)
        return Trained(model, (*notes, f"float fine-tune of {training.steps} steps, last loss {loss:.3g}"))
    inputs = normalise(calibration, request.preprocess)
    result = train_with_labels(model, batches, detection_loss, training, recipe.granularity, inputs, on_step)
    return Trained(result.model, notes + result.notes, result.is_kept)


def _labelled_batches(request: BuildRequest, recipe: Recipe, cache: Path) -> Iterator[tuple[Any, Any]]:
    """Return the seeded stream of augmented batches of the built-in detector."""
    from bench.models.builtin.batches import training_batches

    pixels = prepared_pixels(training_images(request), request.preprocess, cache)
    batch_size = min(recipe.training.batch_size, len(pixels))
    return training_batches(pixels, _targets(request), batch_size, recipe.training.seed)


def _counted(batches: Iterator[Any], steps: int, on_step: OnStep) -> Iterator[Any]:
    """Pass batches on and report each as a step."""
    for step, batch in enumerate(batches, 1):
        on_step(step, steps, math.nan)
        yield batch


def _targets(request: BuildRequest) -> NDArray[np.float32]:
    """Return the targets of the training images, (num_images, cells, 5) float32, from their annotations."""
    from bench.models.builtin.targets import make_targets

    images = training_set(request)
    if images is None or not images.annotations:
        raise UnavailableError(
            "training with labels needs annotated training images; set training.labels to false"
        )
    classes = {category: index for index, category in enumerate(request.source.description.category_ids)}
    sizes, objects = _read_annotations(Path(images.annotations))
    rows = []
    for image in training_images(request):
        if image.id not in sizes:
            raise DataError(
                f"{images.annotations}: image {image.id} is not listed; the file does not fit the images"
            )
        known = [item for item in objects.get(image.id, []) if item["category_id"] in classes]
        boxes = np.asarray([item["bbox"] for item in known], np.float64).reshape(-1, 4)
        class_indices = np.asarray([classes[item["category_id"]] for item in known], np.int64)
        rows.append(make_targets(boxes, class_indices, sizes[image.id]))
    return np.stack(rows)


def _read_annotations(path: Path) -> tuple[dict[int, tuple[int, int]], dict[int, list[dict[str, Any]]]]:
    """Return (width, height) by image id, and the objects of each image."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        sizes = {int(item["id"]): (int(item["width"]), int(item["height"])) for item in content["images"]}
        objects: dict[int, list[dict[str, Any]]] = {}
        for item in content["annotations"]:
            if not item.get("iscrowd"):
                objects.setdefault(int(item["image_id"]), []).append(item)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise DataError(
            f"{path}: not a COCO annotation file ({type(problem).__name__}: {problem})"
        ) from problem
    return sizes, objects


def _image_notes(request: BuildRequest, recipe: Recipe) -> tuple[str, ...]:
    found, asked = len(training_images(request)), recipe.training.images
    shortfall = f", {asked} were asked for" if found < asked else ""
    return (f"trained for {recipe.training.steps} steps on {found} images{shortfall}",)
