"""Photos of every kind become RGB pixels as they are stored; damaged ones are refused with the cause."""

import io

import numpy as np
import pytest
from PIL import Image

from bench.detectors import decode_photo
from bench.errors import DataError

# Four colours, one a quarter, so that a rotation or a swap of channels shows.
QUARTERS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]], np.uint8)


def encode(photo: Image.Image, kind: str = "PNG", **settings: object) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, kind, **settings)
    return stream.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(QUARTERS.repeat(16, 0).repeat(24, 1)).convert(mode)


def test_a_colour_photo_keeps_its_pixels_and_its_shape():
    pixels = decode_photo(encode(picture()))
    assert pixels.shape == (32, 48, 3) and pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    assert (pixels[::16, ::24] == QUARTERS).all()


@pytest.mark.parametrize(("mode", "kind"), [("P", "PNG"), ("RGBA", "PNG"), ("CMYK", "TIFF")])
def test_palette_transparent_and_cmyk_photos_become_rgb(mode, kind):
    assert (decode_photo(encode(picture(mode), kind))[::16, ::24] == QUARTERS).all()


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_a_photo_without_colour_has_three_equal_channels(mode):
    pixels = decode_photo(encode(picture("L").convert(mode)))
    assert pixels.shape == (32, 48, 3)
    assert (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all()


def test_a_cmyk_jpeg_is_not_inverted():
    pixels = decode_photo(encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100))
    red, green, blue = pixels.reshape(-1, 3).mean(axis=0)
    assert red > 240 and green < 15 and blue < 15


def test_the_exif_orientation_is_left_alone_because_annotations_refer_to_stored_pixels():
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees to show"
    data = encode(picture(), "JPEG", exif=exif, quality=100, subsampling=0)
    assert Image.open(io.BytesIO(data)).getexif()[0x0112] == 6
    pixels = decode_photo(data)
    assert pixels.shape == (32, 48, 3)
    assert np.abs(pixels[8::16, 12::24].astype(int) - QUARTERS).max() < 8


def test_a_truncated_photo_is_refused_and_not_filled_up_with_grey():
    data = encode(picture(), "JPEG")
    with pytest.raises(
        DataError, match=r"cannot decode the photo \(\d+ bytes\): .*truncated.*fetch it again"
    ):
        decode_photo(data[:-20])


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"\xff\xd8\xff\xe0"])
def test_bytes_that_are_no_photo_are_refused_with_their_number(data):
    with pytest.raises(DataError, match=rf"cannot decode the photo \({len(data)} bytes\)"):
        decode_photo(data)


def test_deep_pixels_are_refused_rather_than_cut_off():
    with pytest.raises(DataError, match="pixel mode I;16, expected 8 bits a channel"):
        decode_photo(encode(Image.fromarray(np.full((4, 4), 40_000, np.uint16))))
