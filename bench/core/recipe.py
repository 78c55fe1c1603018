"""Recipe: how one precision of a model is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Precision = Literal["fp32", "fp16", "dynamic", "int8", "int16x8", "int4", "mixed", "qat"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "dynamic", "int8", "int16x8", "int4", "mixed", "qat")

# What a matrix holds that names no precision.
DEFAULT_PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "dynamic", "int8", "qat")

# Activations are integers too, with ranges that calibration finds.
STATIC_PRECISIONS: tuple[Precision, ...] = ("int8", "int16x8", "mixed", "qat")

IoType = Literal["float32", "int8", "uint8", "int16"]
Granularity = Literal["per_channel", "per_tensor"]
ActivationType = Literal["uint8", "int8"]
CalibrationMethod = Literal["minmax", "percentile", "entropy"]


@dataclass(frozen=True)
class Calibration:
    """Which ranges activations get.

    Attributes:
        method: how ranges follow from what calibration images produce.
        images: how many calibration images are used.
        source: `images` of the data set's calibration split. Only to show what bad calibration costs: `noise`
            (random inputs from 0 to 1), `random_pixels` (from 0 to 255, normalised as photos are).
    """

    method: CalibrationMethod = "minmax"
    images: int = 100
    source: Literal["images", "noise", "random_pixels"] = "images"


@dataclass(frozen=True)
class Training:
    """How quantization-aware training goes.

    Attributes:
        labels: learn from annotations with the model's own loss (built-in detector only); otherwise from
            the float model's outputs on unlabelled images.
        steps, batch_size, learning_rate, seed: of the optimiser; None takes the route's own default.
        images: how many training images are used.
    """

    labels: bool = False
    steps: int = 150
    batch_size: int = 16
    learning_rate: float | None = None
    images: int = 200
    seed: int = 0


@dataclass(frozen=True)
class Recipe:
    """How one precision is made, apart from model, runtime and images.

    Attributes:
        name: what the matrix calls it; equals `precision` unless the suite defines variants.
        io: type of the input and output tensors of integer models (LiteRT; ONNX keeps float I/O).
        granularity: one weight scale per output channel, or one per tensor.
        activations: type of quantized activations in ONNX files (LiteRT always uses int8).
        keep_float: layers that stay in float, as patterns of their names, see `bench.quantize.layers`.
        keep_8bit: likewise, layers that get 8 bits where the others have 4 (weights) or 16 (activations).
        equalize: balance channels across layers before quantizing, which changes no output.
    """

    name: str
    precision: Precision
    io: IoType = "int8"
    granularity: Granularity = "per_channel"
    activations: ActivationType = "uint8"
    calibration: Calibration = field(default_factory=Calibration)
    training: Training = field(default_factory=Training)
    keep_float: tuple[str, ...] = ()
    keep_8bit: tuple[str, ...] = ()
    equalize: bool = False

    @property
    def end_type(self) -> IoType:
        """Type of a LiteRT file's input and output: int16 where activations are, whatever 8-bit type is
        named.
        """
        return "int16" if self.precision == "int16x8" and self.io != "float32" else self.io

    @property
    def is_static(self) -> bool:
        """Whether activations get fixed ranges, for which calibration images are needed."""
        return self.precision in STATIC_PRECISIONS

    @property
    def keeps_layers(self) -> bool:
        """Whether some layers are named to be quantized otherwise than the rest."""
        return bool(self.keep_float or self.keep_8bit)

    @property
    def needs_images(self) -> bool:
        """Whether making the file looks at images of the data set."""
        return self.precision == "qat" or (
            (self.is_static or self.equalize) and self.calibration.source == "images"
        )
