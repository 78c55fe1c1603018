"""From resized pixels to the input tensor: normalise, quantize, lay out."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import ModelError
from bench.wire.description import Preprocess
from bench.wire.tensor import TensorSpec


def to_input(pixels: NDArray[np.uint8], preprocess: Preprocess, spec: TensorSpec) -> NDArray[Any]:
    """Normalise, quantize and lay out resized pixels for one input tensor.

    A real input is `(pixel - mean) / std`, computed in float32. A quantized one is
    `clip(round(real / scale) + zero_point)`, rounding halves to even, with the scale and zero point of the
    tensor unless `preprocess.quantization` puts others over them.

    Args:
        pixels: (height, width, 3) uint8 in the order of `preprocess.color`.

    Returns:
        A new C-contiguous array in layout, rank and dtype of the input tensor: (1, height, width, 3) or
        (1, 3, height, width), without the leading axis where the tensor has none.
    """
    if preprocess.layout == "nchw":
        pixels = pixels.transpose(2, 0, 1)
    pixels = np.ascontiguousarray(pixels)
    is_real = np.dtype(spec.dtype).kind == "f"
    values = _normalised(pixels, preprocess) if is_real else _quantized(pixels, preprocess, spec)
    values = values.astype(spec.dtype, copy=False).reshape(pixels.shape)
    return values if len(spec.shape) == 3 else values[None]


def check_input(preprocess: Preprocess, spec: TensorSpec) -> None:
    """Check that a description feeds what the input tensor takes.

    Raises:
        ModelError: The shapes differ, or an integer input without quantization would get fractions.
    """
    image = (preprocess.height, preprocess.width)
    expected = (*image, 3) if preprocess.layout == "nhwc" else (3, *image)
    given = spec.shape[-3:]
    fits = len(given) == 3 and all(size in (-1, wanted) for size, wanted in zip(given, expected, strict=True))
    if not fits or spec.shape[:-3] not in ((), (1,), (-1,)):
        raise ModelError(
            f"the model's input {spec.name!r} has shape {list(spec.shape)}, but detector.input.size and "
            f"layout describe {[1, *expected]}; make them agree"
        )
    is_integer = np.dtype(spec.dtype).kind in "iu"
    if preprocess.quantization and not is_integer:
        raise ModelError(
            f"the model's input {spec.name!r} takes {spec.dtype}, but detector.input.quantization tells "
            "how to make integers; remove it"
        )
    is_plain = is_integer and not _scale_of(preprocess, spec)[0]
    if is_plain and (preprocess.mean, preprocess.std) != ((0.0,) * 3, (1.0,) * 3):
        raise ModelError(
            f"the model's input {spec.name!r} takes {spec.dtype} without a quantization scale, that is plain "
            f"pixels, but the description normalises them (mean {list(preprocess.mean)}, std "
            f"{list(preprocess.std)}); set detector.input.mean to 0 and std to 1"
        )


def _normalised(pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float32]:
    """Return `(pixel - mean) / std` in float32; steps that change nothing are left out."""
    real = pixels.astype(np.float32)
    if any(preprocess.mean):
        real -= _along_channels(preprocess.mean, preprocess)
    if any(value != 1 for value in preprocess.std):
        real /= _along_channels(preprocess.std, preprocess)
    return real


def _along_channels(values: tuple[float, ...], preprocess: Preprocess) -> Any:
    """Shape one value a channel so that it broadcasts over the pixels; one value suffices if all are equal.

    The channel axis alone is too short to loop over fast, so channels-last values are repeated along a row.
    """
    channels = np.asarray(values, np.float32)
    if len(set(values)) == 1:
        return channels[0]
    if preprocess.layout == "nchw":
        return channels[:, None, None]
    return np.tile(channels, preprocess.width).reshape(preprocess.width, 3)


def _quantized(pixels: NDArray[np.uint8], preprocess: Preprocess, spec: TensorSpec) -> NDArray[Any]:
    """Send each pixel through the table of its channel."""
    scale, zero_point = _scale_of(preprocess, spec)
    tables = [
        _table(mean, std, spec.dtype, scale, zero_point)
        for mean, std in zip(preprocess.mean, preprocess.std, strict=True)
    ]
    if all(table is tables[0] for table in tables):
        return _look_up(tables[0], pixels)
    axis = 2 if preprocess.layout == "nhwc" else 0
    channels = [table[pixels.take(channel, axis)] for channel, table in enumerate(tables)]
    return np.stack(channels, axis)


def _scale_of(preprocess: Preprocess, spec: TensorSpec) -> tuple[float, int]:
    """Return scale and zero point of the input; scale 0 where it takes plain integers."""
    source = preprocess.quantization or spec
    return source.scale, source.zero_point


def _look_up(table: NDArray[Any], pixels: NDArray[np.uint8]) -> NDArray[Any]:
    """Look up all pixels in one table, by a single addition where the table just shifts them."""
    if table.dtype.itemsize == 1:
        shift = table.view(np.uint8)[0]
        if (table.view(np.uint8) == np.arange(256, dtype=np.uint8) + shift).all():
            shifted: NDArray[Any] = (pixels + shift).view(table.dtype)
            return shifted
    return table.take(pixels)


@lru_cache(maxsize=64)
def _table(mean: float, std: float, dtype: str, scale: float, zero_point: int) -> NDArray[Any]:
    """Return the integer that each of the 256 pixel values becomes."""
    real = (np.arange(256, dtype=np.float32) - np.float32(mean)) / np.float32(std)
    steps = np.rint(real / np.float32(scale)) + zero_point if scale else np.rint(real)
    limits = np.iinfo(dtype)
    table: NDArray[Any] = np.clip(steps, limits.min, limits.max).astype(dtype)
    return table
