"""Records on disk: one JSON line a case, rewritten as a whole, read with the schema version checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.core.record import RECORD_SCHEMA, Record
from bench.errors import BenchError, StoreError
from bench.store.disk import dump_line, write_atomically
from bench.store.lines import read_lines
from bench.wire.codec import from_json, to_json

RECORDS_NAME = "records.jsonl"


def write_records(path: Path, records: Sequence[Record]) -> None:
    """Replace a records file by these records, atomically."""
    write_atomically(path, "".join(dump_line(to_json(record)) + "\n" for record in records))


def read_records(path: Path, newest_only: bool = False) -> list[Record]:
    """Read the records of one run, or of all runs below a folder.

    Args:
        path: a run folder, a records file, or a folder above runs (`results/quickstart`, `results`).
        newest_only: of several runs of one suite, read the newest alone.

    Returns:
        Records in the order of their files; runs from old to new.

    Raises:
        StoreError: there are no records at that path, a line is broken, or a later version wrote it.
    """
    return [record for file in find_record_files(path, newest_only) for record in _read_file(file)]


def find_record_files(path: Path, newest_only: bool = False) -> list[Path]:
    """Find the records files that `path` names, sorted by suite and run (which is by time).

    Raises:
        StoreError: there is none.
    """
    if path.is_file():
        return [path]
    if (path / RECORDS_NAME).is_file():
        return [path / RECORDS_NAME]
    files = sorted(path.rglob(RECORDS_NAME), key=lambda file: (str(file.parent.parent), file.parent.name))
    if not files:
        state = "has no records below it" if path.is_dir() else "does not exist"
        raise StoreError(
            f"{path}: {state}; expected a run folder (results/<suite>/<run id>), its {RECORDS_NAME}, "
            "or a folder above runs"
        )
    if newest_only:
        files = list({file.parent.parent: file for file in files}.values())
    return files


def _read_file(file: Path) -> list[Record]:
    return [_read_record(file, number, value) for number, value in read_lines(file)]


def _read_record(file: Path, number: int, value: dict[str, Any]) -> Record:
    version = value.get("schema")
    if isinstance(version, int) and version > RECORD_SCHEMA:
        raise StoreError(
            f"{file}:{number}: record schema {version} is later than this program's {RECORD_SCHEMA}; "
            "install the version of the program that wrote it, or a later one"
        )
    try:
        return from_json(Record, value)
    except BenchError as error:
        raise StoreError(f"{file}:{number}: not a record: {error}") from error
