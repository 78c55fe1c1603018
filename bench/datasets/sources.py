"""Annotation formats by name: each is one file with a class that finds and reads a data set."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol

from bench.core.suite import CocoData
from bench.datasets.instances import Instances

FORMATS = {
    "yolo": "bench.datasets.yolo:YoloSource",
    "voc": "bench.datasets.voc:VocSource",
    "tfrecord": "bench.datasets.tfrecord:TfrecordSource",
}


class Source(Protocol):
    """A data set whose files were found, and not read yet."""

    def files(self) -> list[Path]:
        """Return every file that decides what is read."""
        ...

    def read(self, folder: Path) -> Instances:
        """Read everything; photos that lie inside of other files are written below `folder`.

        Raises:
            DataError: everything that is wrong, with file and line.
        """
        ...


def open_source(data: CocoData) -> Source:
    """Find the files of a data set in a format other than COCO's own.

    Raises:
        DataError: they are not there.
    """
    module, _, name = FORMATS[data.format].partition(":")
    source: Source = getattr(importlib.import_module(module), name)(data)
    return source
