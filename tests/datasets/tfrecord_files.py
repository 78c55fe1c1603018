"""TFRecords for tests, made with protobuf's own library from a description of the messages."""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from bench.datasets.crc32c import masked_crc32c

# (message, field, number, is repeated, type): feature.proto and example.proto of TensorFlow. A map is a list
# of entries on the wire.
_FIELDS = [
    ("BytesList", "value", 1, True, "bytes"),
    ("FloatList", "value", 1, True, "float"),
    ("Int64List", "value", 1, True, "int64"),
    ("Feature", "bytes_list", 1, False, ".t.BytesList"),
    ("Feature", "float_list", 2, False, ".t.FloatList"),
    ("Feature", "int64_list", 3, False, ".t.Int64List"),
    ("Entry", "key", 1, False, "string"),
    ("Entry", "value", 2, False, ".t.Feature"),
    ("Features", "feature", 1, True, ".t.Entry"),
    ("Example", "features", 1, False, ".t.Features"),
]


@cache
def _example_class() -> Any:
    kinds = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    messages: dict[str, Any] = {}
    for message, name, number, is_repeated, kind in _FIELDS:
        if message not in messages:
            messages[message] = file.message_type.add(name=message)
        label = kinds.LABEL_REPEATED if is_repeated else kinds.LABEL_OPTIONAL
        typed = {"type_name": kind} if kind[0] == "." else {}
        number_of = kinds.TYPE_MESSAGE if typed else getattr(kinds, f"TYPE_{kind.upper()}")
        messages[message].field.add(name=name, number=number, label=label, type=number_of, **typed)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Example"))


def example(features: dict[str, list[Any]]) -> bytes:
    """Return a serialized tf.train.Example; lists of bytes, float or int."""
    message = _example_class()()
    for name, values in features.items():
        entry = message.features.feature.add(key=name)
        kind = {bytes: "bytes_list", float: "float_list", int: "int64_list"}[
            type(values[0]) if values else float
        ]
        getattr(entry.value, kind).value.extend(values)
    return bytes(message.SerializeToString())


def framed(record: bytes) -> bytes:
    """Return a record as a TFRecord file holds it."""
    length = struct.pack("<Q", len(record))
    checks = struct.pack("<I", masked_crc32c(length)), struct.pack("<I", masked_crc32c(record))
    return length + checks[0] + record + checks[1]


def write_records(path: Path, *features: dict[str, list[Any]]) -> Path:
    """Write one record for each mapping of features."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(framed(example(one)) for one in features))
    return path


def photo_features(
    photo: bytes, size: tuple[int, int] | None, *objects: str, **more: list[Any]
) -> dict[str, Any]:
    """Return the features of a photo; each object as `label xmin ymin xmax ymax [text]`."""
    rows = [one.split() for one in objects]
    features: dict[str, list[Any]] = {"image/encoded": [photo]}
    if size:
        features |= {"image/width": [size[0]], "image/height": [size[1]]}
    features["image/object/class/label"] = [int(row[0]) for row in rows]
    for place, side in enumerate(("xmin", "ymin", "xmax", "ymax"), start=1):
        features[f"image/object/bbox/{side}"] = [float(row[place]) for row in rows]
    if rows and len(rows[0]) > 5:
        features["image/object/class/text"] = [row[5].encode() for row in rows]
    return features | {f"image/{name.replace('__', '/')}": values for name, values in more.items()}
