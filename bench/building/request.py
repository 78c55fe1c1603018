"""BuildRequest: one model file that a case needs, and which images it is made with."""

from __future__ import annotations

from dataclasses import dataclass

from bench.core.data import ImageSet
from bench.core.model import ModelSource
from bench.core.recipe import Recipe
from bench.wire.description import Preprocess
from bench.wire.job import ImageRef


@dataclass(frozen=True)
class BuildRequest:
    """One model file to build, or a given one to look into.

    Attributes:
        recipe: None for a given file.
        runtime: canonical name, see `bench.quantize.availability.SUFFIXES`.
        calibration: images to calibrate on; also one of them tries the finished file.
        training: images to learn from; the calibration images where it is None.
        control: build the float fine-tune of as many steps that a labelled QAT is compared with, as an fp32
            file, instead of the recipe's own file.
    """

    source: ModelSource
    recipe: Recipe | None
    runtime: str
    calibration: ImageSet | None = None
    training: ImageSet | None = None
    control: bool = False

    @property
    def preprocess(self) -> Preprocess:
        """How images become inputs of this model."""
        return self.source.description.preprocess

    @property
    def needs_ranges(self) -> bool:
        """Whether activation ranges are found on calibration images."""
        return self.recipe is not None and self.recipe.is_static and not self.control

    @property
    def needs_pixels(self) -> bool:
        """Whether calibration images are looked at, for ranges or to balance channels."""
        return self.needs_ranges or (self.recipe is not None and self.recipe.equalize)

    @property
    def needs_training(self) -> bool:
        """Whether weights are trained."""
        return self.recipe is not None and self.recipe.precision == "qat"


def calibration_images(request: BuildRequest) -> tuple[ImageRef, ...]:
    """Return the images that are calibrated on: the first ones of the set, as many as the recipe asks for."""
    if request.calibration is None or request.recipe is None:
        return ()
    return request.calibration.images[: request.recipe.calibration.images]


def training_set(request: BuildRequest) -> ImageSet | None:
    """Return the set that is learnt from: the calibration images where there are no training images."""
    has_training = request.training is not None and request.training.images
    return request.training if has_training else request.calibration


def training_images(request: BuildRequest) -> tuple[ImageRef, ...]:
    """Return the images that are learnt from: the first ones of the set, as many as the recipe asks for."""
    images = training_set(request)
    return () if images is None or request.recipe is None else images.images[: request.recipe.training.images]
