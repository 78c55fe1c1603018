"""Where one request after the other is built: load, train if need be, export, check, store.

Runs in the worker process. What requests of one model share (the loaded model, its SavedModel, its float ONNX
file, its trained form) is made once.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.building.exporting import export, starts_from_file
from bench.building.floats import FloatModel
from bench.building.hashing import sha256_of
from bench.building.images import prepared_pixels
from bench.building.keys import build_key, source_file, trained_key
from bench.building.loading import load_keras, require_unchanged
from bench.building.opening import open_source, require_float
from bench.building.request import BuildRequest, calibration_images
from bench.building.store import ArtifactStore
from bench.building.training import train
from bench.core.artifact import Artifact, FileFacts
from bench.core.model import FLOAT_FILE_KINDS
from bench.core.recipe import Recipe
from bench.errors import ModelError, UnavailableError
from bench.quantize.availability import SUFFIXES, availability
from bench.quantize.check import Expectation, check_export
from bench.quantize.facts import read_facts, verify_declared
from bench.quantize.pixels import noise_pixels, random_pixels
from bench.wire.codec import to_json

# (what is being done, steps done, steps in all); 0 steps in all where they are not counted.
Report = Callable[[str, int, int], None]

_FLOAT = Recipe("fp32", "fp32")


class Workshop:
    """Builds requests into a store.

    Args:
        scratch: folder for files on the way.
    """

    def __init__(self, store: ArtifactStore, scratch: Path, report: Report) -> None:
        self._store, self._scratch, self._report = store, scratch, report
        self._models: dict[str, FloatModel] = {}

    def build(self, request: BuildRequest) -> Artifact:
        """Build what a request asks for, or look into its given file, and put it into the store.

        Raises:
            UnavailableError: it cannot be made; the message is the reason.
            BenchError: it could not be made this time.
        """
        if request.recipe is None:
            return self._look_into(request)
        reason = availability(request.source.kind, request.recipe, request.runtime)
        if reason:
            raise UnavailableError(reason)
        return self._make(request, request.recipe)

    def _look_into(self, request: BuildRequest) -> Artifact:
        path = Path(request.source.path)
        facts = read_facts(path)
        problem = verify_declared(request.source.precision, facts) if request.source.precision else ""
        if problem:
            raise ModelError(f"{path}: {problem}")
        return self._store.refer(build_key(request), path, facts)

    def _make(self, request: BuildRequest, recipe: Recipe) -> Artifact:
        before = sha256_of(source_file(request))
        if recipe.precision == "fp32" and request.source.kind in FLOAT_FILE_KINDS:
            # The float file is its own fp32: any copy could only differ.
            path = source_file(request)
            return self._store.refer(build_key(request), path, require_float(path))
        artifact = self._convert(request, recipe)
        require_unchanged(source_file(request), before)
        return artifact

    def _convert(self, request: BuildRequest, recipe: Recipe) -> Artifact:
        wanted = _FLOAT if request.control else recipe
        pixels, notes = self._calibration(request) if request.needs_pixels else (None, ())
        model, trained = self._model(request, pixels)
        if starts_from_file(wanted, request.runtime) and not recipe.equalize:
            self._reuse_float_file(request, model)
        self._report(f"exporting {recipe.name} for {request.runtime}", 0, 0)
        target = self._new_folder() / f"model{SUFFIXES[request.runtime]}"
        export_notes = export(model, wanted, pixels, target)
        self._report("checking the file", 0, 0)
        facts = check_export(target, self._expectation(request, wanted, model))
        about = {"model": request.source.name, "runtime": request.runtime, "recipe": to_json(recipe)}
        training_notes, is_trained = (trained.build_notes, trained.is_trained) if trained else ((), None)
        all_notes = notes + training_notes + export_notes
        return self._store.add(build_key(request), target, facts, all_notes, about, is_trained)

    def _expectation(self, request: BuildRequest, recipe: Recipe, model: FloatModel) -> Expectation:
        image = self._trial_image(request)
        reference = model.outputs(image) if recipe.precision in ("fp32", "fp16") else {}
        is_converted = request.source.kind != "tflite" and not starts_from_file(recipe, "litert")
        weights = model.num_kernel_weights
        return Expectation(recipe, image, request.preprocess, weights, reference, is_converted)

    def _calibration(self, request: BuildRequest) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
        """Return calibration pixels and a note of where they come from."""
        assert request.recipe is not None
        wanted = request.recipe.calibration
        if wanted.source != "images":
            make = random_pixels if wanted.source == "random_pixels" else noise_pixels
            note = f"calibrated on {wanted.images} random images ({wanted.source})"
            return make(wanted.images, request.preprocess), (note,)
        images = calibration_images(request)
        if not images:
            raise UnavailableError(
                f"{request.recipe.name} needs calibration images, and the data set has none; add them to "
                "`data`"
            )
        shortfall = f", {wanted.images} were asked for" if len(images) < wanted.images else ""
        note = f"calibrated on {len(images)} images{shortfall}, method {wanted.method}"
        if not request.needs_ranges:
            note = f"channels observed on {len(images)} images{shortfall}"
        return prepared_pixels(images, request.preprocess, self._store.root), (note,)

    def _trial_image(self, request: BuildRequest) -> NDArray[np.uint8]:
        """Return one real image to try a file on; noise where there is no image."""
        images = request.calibration.images[:1] if request.calibration else ()
        if not images:
            return np.asarray(random_pixels(1, request.preprocess)[0])
        return np.asarray(prepared_pixels(images, request.preprocess, self._store.root)[0])

    def _model(
        self, request: BuildRequest, pixels: NDArray[np.uint8] | None
    ) -> tuple[FloatModel, Artifact | None]:
        """Return the model to export, and the artifact of its training if there was one."""
        if not request.needs_training:
            return self._opened(source_file(request), request, pixels), None
        artifact = self._store.find(trained_key(request)) or self._train(request)
        return self._opened(Path(artifact.path), request, None), artifact

    def _opened(self, path: Path, request: BuildRequest, pixels: NDArray[np.uint8] | None) -> FloatModel:
        """Return the model of a file, opened once; an equalised one is a model of its own."""
        assert request.recipe is not None
        recipe = request.recipe
        balance = (recipe.granularity, recipe.calibration) if recipe.equalize else None
        known = f"{path} {request.preprocess} {balance}"
        if known not in self._models:
            self._report("loading the model" if balance is None else "equalising channels", 0, 0)
            balanced_on = pixels if recipe.equalize else None
            self._models[known] = open_source(path, request, self._new_folder(), balanced_on)
        return self._models[known]

    def _train(self, request: BuildRequest) -> Artifact:
        """Train on a model of its own, for training may change it, and store the result."""
        assert request.recipe is not None
        folder = self._new_folder()
        calibration = self._training_calibration(request)
        verb = "fine-tuning" if request.control else "training"

        def on_step(step: int, steps: int, loss: float) -> None:
            text = f"{verb}, loss {loss:.3g}" if math.isfinite(loss) else verb
            self._report(text, step, steps)

        model: Any = load_keras(source_file(request), folder)
        trained = train(request, model, calibration, self._store.root, on_step)
        target = folder / "trained.keras"
        trained.model.save(target)
        about = {"model": request.source.name, "training": to_json(request.recipe.training)}
        key, facts = trained_key(request), FileFacts("fp32")
        return self._store.add(key, target, facts, trained.notes, about, trained.is_trained)

    def _training_calibration(self, request: BuildRequest) -> NDArray[np.uint8]:
        assert request.recipe is not None
        is_used = request.recipe.training.labels and not request.control
        return self._calibration(request)[0] if is_used else random_pixels(1, request.preprocess)

    def _reuse_float_file(self, request: BuildRequest, model: FloatModel) -> None:
        """Start from the fp32 artifact of the same model, built now if it is not there yet."""
        if model.has_file(request.runtime):
            return
        wanted = replace(request, recipe=_FLOAT, control=False)
        artifact = self._store.find(build_key(wanted)) or self._make(wanted, _FLOAT)
        model.adopt(request.runtime, Path(artifact.path))

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._scratch))
