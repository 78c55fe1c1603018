"""RunFolder: everything one run leaves on disk, `results/<suite>/<run id>/`.

run.json                         suite text, plan, overrides, versions, git, environment, times
suite.yaml                       the suite as it was read
records.jsonl                    one Record a line
pending-<host>.json              what is queued on a device, while it is; pending~pairs-<host>.json of pairs
against.json                     what the run was judged against, where it was: suspects, verdicts
cases/<case>/rounds.jsonl        every finished round, memory probe and accuracy shard
cases/<case>_before/...          the older file of a case, measured next to it
cases/<case>/detections-0000.npz detections of one shard; detections.npz of all; matches.npz
report.md, report.html, ...      rendered from the records, at any time again
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.core.record import Record
from bench.errors import StoreError
from bench.store.disk import append_line, guard, make_folder, write_atomically
from bench.store.lines import read_lines
from bench.store.lock import FolderLock
from bench.store.names import case_folder_name, shard_label, suite_folder_name
from bench.store.records import RECORDS_NAME, read_records, write_records
from bench.wire.codec import to_json

INFO_NAME = "run.json"
SUITE_NAME = "suite.yaml"
ROUNDS_NAME = "rounds.jsonl"


class RunFolder:
    """A run folder held for writing; use it in a `with`, or `close` it, so that others may write.

    Threads of this process may append rounds at the same time.
    """

    def __init__(self, path: Path) -> None:
        """Hold an existing run folder.

        Raises:
            StoreError: it is no run folder, or another run is writing into it.
        """
        if not (path / INFO_NAME).is_file():
            raise StoreError(f"{path}: not a run folder: expected {INFO_NAME} in it")
        self.path = path
        self._lock = FolderLock(path)
        self._appending = threading.Lock()

    @classmethod
    def create(cls, root: Path, suite: str, run_id: str, suite_text: str, info: dict[str, Any]) -> RunFolder:
        """Make `root/<suite>/<run id>/` with `run.json` and `suite.yaml`, and hold it.

        Raises:
            StoreError: that run exists already, the disk is full, or the folder cannot be written.
        """
        path = make_folder(root / suite_folder_name(suite)) / run_id
        try:
            with guard(path):
                path.mkdir()
        except FileExistsError as error:
            raise StoreError(
                f"{path}: that run exists already; resume it, or start one with a new id"
            ) from error
        write_atomically(path / SUITE_NAME, suite_text)
        _write_info(path, info)
        return cls(path)

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.release()

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write_info(self, info: dict[str, Any]) -> None:
        """Replace `run.json` (as when the run has finished)."""
        _write_info(self.path, info)

    def change_info(self, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Change `run.json` in place and return it."""
        with self._appending:
            info = read_run_info(self.path)
            change(info)
            self.write_info(info)
        return info

    def case_folder(self, case_id: str) -> Path:
        """Return the folder of one case's raw files, made where absent."""
        return make_folder(self.path / "cases" / case_folder_name(case_id))

    def relative(self, path: Path) -> str:
        """Return a path below the run folder as records name it: relative, with forward slashes."""
        return path.relative_to(self.path).as_posix()

    def append_round(self, case_id: str, line: dict[str, Any]) -> None:
        """Keep one finished round, memory probe, shard or check; it is on the disk when this returns.

        Args:
            line: self-describing: `kind` (check, latency, memory, accuracy, pair, ...), `round`, `valid`,
                `reason`, `job`, `board`, `started`, `before`, `after`, `result`.
        """
        with self._appending:
            append_line(self.case_folder(case_id) / ROUNDS_NAME, {"case": case_id, **to_json(line)})

    def new_shard_name(self, case_id: str, board: str = "") -> str:
        """Return a name for a case's next file of detections; each board has names of its own."""
        stem = f"detections-{shard_label(board)}"
        taken = [path.name for path in self.case_folder(case_id).iterdir() if path.name.startswith(stem)]
        return next(name for number in count() if (name := f"{stem}{number:04d}.npz") not in taken)

    def read_rounds(self, case_id: str) -> list[dict[str, Any]]:
        """Read all finished rounds of a case; none for a case that has not begun."""
        return read_rounds(self.path, case_id)

    def write_records(self, records: Sequence[Record]) -> None:
        """Replace `records.jsonl`."""
        write_records(self.path / RECORDS_NAME, records)

    def read_records(self) -> list[Record]:
        """Read `records.jsonl`; none where no case has been finished yet."""
        return read_records(self.path / RECORDS_NAME) if (self.path / RECORDS_NAME).exists() else []


def read_rounds(run: Path, case_id: str) -> list[dict[str, Any]]:
    """Read the finished rounds of a case without holding the run folder.

    Raises:
        StoreError: a complete line of the journal is broken.
    """
    path = run / "cases" / case_folder_name(case_id) / ROUNDS_NAME
    return [line for _, line in read_lines(path)] if path.exists() else []


def read_run_info(run: Path) -> dict[str, Any]:
    """Read `run.json` of a run folder.

    Raises:
        StoreError: it is absent or no JSON object.
    """
    path = run / INFO_NAME
    try:
        info = json.loads(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror}); expected a run folder") from error
    except ValueError as error:
        raise StoreError(f"{path}: broken JSON ({error}); restore the file, or start a new run") from error
    if not isinstance(info, dict):
        raise StoreError(f"{path}: got {type(info).__name__}, expected a JSON object")
    return info


def find_runs(path: Path) -> list[Path]:
    """Find the run folders at or below a path, finished or not, sorted by suite and then by time.

    Raises:
        StoreError: there is none.
    """
    if (path / INFO_NAME).is_file():
        return [path]
    runs = sorted(
        (file.parent for file in path.rglob(INFO_NAME)), key=lambda run: (str(run.parent), run.name)
    )
    if not runs:
        raise StoreError(f"{path}: no run folder there; expected results/<suite>/<run id> or a folder above")
    return runs


def _write_info(path: Path, info: dict[str, Any]) -> None:
    write_atomically(path / INFO_NAME, json.dumps(to_json(info), indent=2, default=str) + "\n")
