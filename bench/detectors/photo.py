"""Photo files to pixels. What a photo shows, and how a model wants it, is left to others."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.errors import DataError

# Modes of more than 8 bits a channel. Pillow's own conversion would cut off, not scale, their values.
_DEEP_MODES = ("I", "F")


def decode_photo(data: bytes) -> NDArray[np.uint8]:
    """Decode a photo (JPEG, PNG, ...) to RGB pixels as they are stored.

    The EXIF orientation is not applied: COCO annotations refer to the stored pixels, and so do the width and
    height in an annotation file. Greyscale, palette, CMYK and transparent photos are converted to RGB; an
    alpha channel is dropped, not blended.

    Returns:
        (height, width, 3) uint8 RGB, C-contiguous.

    Raises:
        DataError: The bytes are no photo, are truncated, or hold more than 8 bits a channel.
    """
    try:
        with Image.open(io.BytesIO(data)) as photo:
            if photo.mode.startswith(_DEEP_MODES):
                raise DataError(
                    f"the photo has pixel mode {photo.mode}, expected 8 bits a channel; convert it first"
                )
            return np.asarray(photo if photo.mode == "RGB" else photo.convert("RGB"))
    except DataError:
        raise
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        raise DataError(
            f"cannot decode the photo ({len(data)} bytes): {problem or type(problem).__name__}; "
            "expected a complete image file, so fetch it again"
        ) from problem
