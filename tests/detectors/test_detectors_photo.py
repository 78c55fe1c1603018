"""Photos of every kind become RGB pixels, turned as the annotations mean them; damaged ones are refused."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

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


def with_orientation(photo: Image.Image, orientation: int, kind: str = "PNG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(photo, kind, exif=exif)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_without_a_declared_size_a_photo_is_taken_as_it_is_shown(orientation, kind):
    data = with_orientation(picture(), orientation, kind)
    with Image.open(io.BytesIO(data)) as photo:
        shown = ImageOps.exif_transpose(photo)
    pixels = decode_photo(data)
    assert np.array_equal(pixels, np.asarray(shown.convert("RGB"))) and pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_the_declared_size_says_whether_boxes_refer_to_the_photo_as_stored_or_as_shown(orientation):
    data = with_orientation(picture(), orientation)
    stored = np.asarray(picture())
    with Image.open(io.BytesIO(data)) as photo:
        shown = np.asarray(ImageOps.exif_transpose(photo))
    assert np.array_equal(decode_photo(data, (48, 32)), stored)
    assert np.array_equal(decode_photo(data, (32, 48)), shown)


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_where_turning_keeps_the_size_a_photo_is_taken_as_shown(orientation):
    data = with_orientation(picture(), orientation)
    assert np.array_equal(decode_photo(data, (48, 32)), decode_photo(data))
    assert not np.array_equal(decode_photo(data), np.asarray(picture()))


def test_a_square_photo_is_taken_as_shown():
    photo = picture().crop((8, 0, 40, 32))
    data = with_orientation(photo, 6)
    assert np.array_equal(decode_photo(data, (32, 32)), np.rot90(np.asarray(photo), -1))


def test_a_photo_of_another_size_than_annotated_is_refused_with_all_sizes():
    with pytest.raises(DataError) as caught:
        decode_photo(with_orientation(picture(), 6), (96, 64))
    assert str(caught.value) == (
        "the photo is 48 x 32 pixels (32 x 48 as shown), and its annotations declare 96 x 64: boxes would "
        "not fit it; use the photo that was annotated, or correct width and height in the annotations"
    )
    with pytest.raises(DataError, match="the photo is 48 x 32 pixels, and its annotations declare 32 x 48"):
        decode_photo(encode(picture()), (32, 48))


@pytest.mark.parametrize("value", [0, 9, 1000])
def test_an_orientation_that_is_none_is_passed_over(value):
    assert np.array_equal(decode_photo(with_orientation(picture(), value)), np.asarray(picture()))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*garbage"])
def test_damaged_exif_data_are_passed_over(exif):
    data = encode(picture(), "JPEG", exif=exif, quality=100, subsampling=0)
    assert np.abs(decode_photo(data, (48, 32))[8::16, 12::24].astype(int) - QUARTERS).max() < 8


def test_a_truncated_photo_is_refused_and_not_filled_up_with_grey():
    data = encode(picture(), "JPEG")
    with pytest.raises(
        DataError, match=r"cannot decode the photo \(\d+ bytes\): .*truncated.*fetch it again"
    ):
        decode_photo(data[:-20])


def test_a_jpeg_that_is_cut_short_is_filled_with_grey_where_that_is_asked_for():
    noise = np.random.default_rng(3).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), "JPEG", subsampling=0)
    whole = decode_photo(data)
    found = decode_photo(data[: len(data) // 2], fill=True)
    same = (found == whole).all(axis=(1, 2))
    num_same = int(same.argmin())
    assert 40 < num_same < 100 and (found[-16:] == 128).all()
    assert np.array_equal(decode_photo(data, fill=True), whole)
    with pytest.raises(DataError, match="truncated"):
        decode_photo(encode(Image.fromarray(noise))[:-2000], fill=True)


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"\xff\xd8\xff\xe0"])
def test_bytes_that_are_no_photo_are_refused_with_their_number(data):
    with pytest.raises(DataError, match=rf"cannot decode the photo \({len(data)} bytes\)"):
        decode_photo(data)


def deep_png(pixels: np.ndarray, color_type: int) -> bytes:
    """Write a PNG of 16 bits a channel by its specification; Pillow itself cannot write colour ones."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + checksum

    height, width = pixels.shape[:2]
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, color_type, 0, 0, 0])
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_of_16_bits_a_channel_the_upper_8_are_kept():
    values = np.random.default_rng(0).integers(0, 65536, (5, 7, 3), dtype=np.uint16)
    assert np.array_equal(decode_photo(deep_png(values, 2)), values >> 8)
    grey = decode_photo(deep_png(values[..., 0], 0))
    assert np.array_equal(grey, np.repeat((values[..., :1] >> 8), 3, axis=2))


def test_cmyk_is_converted_by_multiplying_ink_and_black():
    inks = np.random.default_rng(1).integers(0, 256, (6, 6, 4), dtype=np.uint8)
    pixels = decode_photo(encode(Image.frombytes("CMYK", (6, 6), inks.tobytes()), "TIFF"))
    expected = (255.0 - inks[..., :3]) * (255.0 - inks[..., 3:]) / 255
    assert np.abs(pixels - expected).max() <= 1


def test_transparency_is_dropped_and_not_blended():
    hidden = Image.fromarray(np.dstack([np.asarray(picture()), np.zeros((32, 48), np.uint8)]), "RGBA")
    assert np.array_equal(decode_photo(encode(hidden)), np.asarray(picture()))


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_pixels_of_32_bits_are_refused_since_nothing_says_what_white_is(kind):
    with pytest.raises(DataError, match="pixel mode [IF], expected 8 or 16 bits a channel"):
        decode_photo(encode(Image.fromarray(np.full((4, 4), 40_000, kind)), "TIFF"))
