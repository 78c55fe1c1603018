"""Photo files to pixels, turned as the annotations mean them. How a model wants the pixels is left to others.

A camera may store a photo lying on its side and say so in the EXIF orientation tag. Boxes then refer either
to the pixels as stored (Pillow and torchvision read them so) or as shown (OpenCV's imread, and with it
detectron2, mmdetection, YOLOX and ultralytics; labelling tools and browsers too). The size that an annotation
file declares tells which. Where it cannot tell (no size declared, a square photo, an orientation that only
mirrors or turns upside down) the photo is taken as shown.
"""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.errors import DataError

Size = tuple[int, int]

# EXIF 2.3, tag 274: how to turn the stored pixels so that they are shown upright; 1 is as they are.
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Orientations that swap width and height.
_SIDEWAYS = (5, 6, 7, 8)

# Start and end of a JPEG image. Where the end comes early, libjpeg leaves the rest grey; behind the true end
# another one changes nothing.
_JPEG_BEGIN, _JPEG_END = b"\xff\xd8", b"\xff\xd9"

# 32 bits a channel: nothing says which of their values is white.
_UNSCALED_MODES = ("I", "F")


def decode_photo(data: bytes, declared: Size = (0, 0), fill: bool = False) -> NDArray[np.uint8]:
    """Decode a photo (JPEG, PNG, ...) to RGB pixels.

    Greyscale and palette photos become RGB, an alpha channel is dropped, not blended. CMYK is converted
    without a colour profile, `(255 - ink) * (255 - black) / 255`; the inks that Adobe's JPEG files store
    inverted are turned round first. Of 16 bits a channel the upper 8 are kept, as OpenCV's imread does. Of
    several frames the first counts.

    Args:
        declared: (width, height) in the annotations; zeros where they say nothing.
        fill: take a JPEG file that is cut short, with what is missing in grey, as OpenCV's imread does.

    Returns:
        (height, width, 3) uint8 RGB, C-contiguous.

    Raises:
        DataError: The bytes are no photo or are truncated, the photo has 32 bits a channel, or neither its
            stored nor its shown size is the declared one, so that no box would lie where it should.
    """
    try:
        is_jpeg = data.startswith(_JPEG_BEGIN)
        with Image.open(io.BytesIO(data + _JPEG_END if fill and is_jpeg else data)) as photo:
            turn = _TURNS.get(turn_of(photo, declared))
            pixels = _to_rgb(photo)
            return np.asarray(pixels if turn is None else pixels.transpose(turn))
    except DataError:
        raise
    except Exception as problem:  # damaged files make Pillow's plug-ins raise almost anything
        raise DataError(
            f"cannot decode the photo ({len(data)} bytes): {problem or type(problem).__name__}; "
            "expected a complete image file, so fetch it again"
        ) from problem


def orientation_of(photo: Image.Image) -> int:
    """Return the EXIF orientation of an opened photo, 1 to 8; 1 where there is none that can be read."""
    # Damaged EXIF data make the parser raise almost anything; viewers pass over them.
    with suppress(Exception):
        value = photo.getexif().get(_ORIENTATION_TAG, 1)
        return value if value in _TURNS else 1
    return 1


def shown_size(photo: Image.Image) -> Size:
    """Return (width, height) of an opened photo as it is shown, without decoding its pixels."""
    width, height = photo.size
    return (height, width) if orientation_of(photo) in _SIDEWAYS else (width, height)


def turn_of(photo: Image.Image, declared: Size = (0, 0)) -> int:
    """Return the orientation to apply so that boxes lie where the annotations mean them; 1 for none.

    Raises:
        DataError: the declared size is neither the stored nor the shown one.
    """
    shown = shown_size(photo)
    if not all(declared) or shown == declared:
        return orientation_of(photo)
    if photo.size == declared:
        return 1
    turned = f" ({shown[0]} x {shown[1]} as shown)" if shown != photo.size else ""
    raise DataError(
        f"the photo is {photo.size[0]} x {photo.size[1]} pixels{turned}, and its annotations declare "
        f"{declared[0]} x {declared[1]}: boxes would not fit it; use the photo that was annotated, or "
        "correct width and height in the annotations"
    )


def _to_rgb(photo: Image.Image) -> Image.Image:
    if photo.mode == "RGB":
        return photo
    if photo.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8)).convert("RGB")
    if photo.mode in _UNSCALED_MODES:
        raise DataError(
            f"the photo has pixel mode {photo.mode}, expected 8 or 16 bits a channel; convert it first"
        )
    return photo.convert("RGB")
