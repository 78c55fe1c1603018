"""TFRecord files of `tf.train.Example` messages, read without TensorFlow, whose import takes 3 s and 650 MB.

Formats: tensorflow.org, "TFRecord and tf.train.Example"; tensorflow/core/example/{example,feature}.proto;
protobuf.dev, "Encoding". What the features mean is left to `tfrecord`.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from bench.datasets.crc32c import masked_crc32c
from bench.errors import DataError

Value: TypeAlias = list[bytes] | list[float] | list[int]

# No photo is that large: a longer record is a damaged length.
_MAX_RECORD_BYTES = 1 << 29
_GZIP = b"\x1f\x8b"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class DamagedError(ValueError):
    """A record is not what its format says."""


def read_examples(path: Path) -> Iterator[dict[str, Value]]:
    """Yield the features of each record of a file, gzip or not: name -> bytes, floats or integers.

    Raises:
        DataError: the file is damaged or cut off, or no TFRecord; the message names file and record.
    """
    number = 1
    try:
        with open(path, "rb") as plain:
            is_packed = plain.read(2) == _GZIP
            plain.seek(0)
            file: BinaryIO = gzip.GzipFile(fileobj=plain) if is_packed else plain  # type: ignore[assignment]
            for record in _records(file):
                yield parse_example(record)
                number += 1
    except (DamagedError, EOFError, gzip.BadGzipFile, struct.error) as problem:
        raise DataError(
            f"{path}: record {number} is damaged ({problem}), expected TFRecords: fetch the file again"
        ) from problem
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from problem


def _records(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of records: length, its checksum, the bytes, their checksum; little-endian."""
    while head := file.read(12):
        if len(head) < 12:
            raise DamagedError("cut off within a length")
        length, checksum = struct.unpack("<QI", head)
        if masked_crc32c(head[:8]) != checksum or length > _MAX_RECORD_BYTES:
            raise DamagedError("wrong checksum of its length")
        body = file.read(length + 4)
        if len(body) < length + 4:
            raise DamagedError(f"cut off after {len(body)} of {length + 4} bytes")
        if masked_crc32c(body[:length]) != struct.unpack("<I", body[length:])[0]:
            raise DamagedError("wrong checksum of its content")
        yield body[:length]


def parse_example(record: bytes) -> dict[str, Value]:
    """Return the features of a `tf.train.Example` message.

    Raises:
        DamagedError: the bytes are no such message.
    """
    features: dict[str, Value] = {}
    for message in _messages(record, 1):
        for entry in _messages(message, 1):
            fields = {number: value for number, value in _fields(entry) if isinstance(value, bytes)}
            try:
                features[fields.get(1, b"").decode()] = _feature(fields.get(2, b""))
            except UnicodeDecodeError as problem:
                raise DamagedError("a feature's name is no text") from problem
    return features


def _feature(message: bytes) -> Value:
    values: Value = []
    for number, content in _fields(message):
        if not isinstance(content, bytes):
            raise DamagedError("a feature is no list")
        if number == 1:
            values = _messages(content, 1)
        elif number == 2:
            values = [float(value) for value in _floats(content)]
        elif number == 3:
            values = [_signed(value) for value in _integers(content)]
    return values


def _messages(message: bytes, wanted: int) -> list[bytes]:
    return [value for number, value in _fields(message) if number == wanted and isinstance(value, bytes)]


def _floats(message: bytes) -> Iterator[float]:
    for _, value in _fields(message):
        if not isinstance(value, bytes) or len(value) % 4:
            raise DamagedError("a list of floats is cut off")
        yield from struct.unpack(f"<{len(value) // 4}f", value)


def _integers(message: bytes) -> Iterator[int]:
    for _, value in _fields(message):
        if isinstance(value, int):
            yield value
            continue
        place = 0
        while place < len(value):
            number, place = _varint(value, place)
            yield number


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield (number, value) of a message: integers of varints, bytes of everything else."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        if kind == _VARINT:
            value: int | bytes
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if kind == _BYTES:
            size, place = _varint(message, place)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise DamagedError("no tf.train.Example")
        if place + size > len(message):
            raise DamagedError("a field is cut off")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise DamagedError("a number is cut off")
        byte = message[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place
