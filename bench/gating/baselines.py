"""Baselines: one small committed file a machine kind, that later results are judged against.

results/baselines/<suite>/<name>/<machine kind>.json   what each case had: a value a process, settings, hashes
results/baselines/<suite>/matches/<sha256>.npz         match data of a case, for paired accuracy

A line is a metric, so that a change of a baseline reads well in a diff. A file that cannot be read, or that a
later version wrote, is an error and is never replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.errors import BenchError, StoreError, UsageError
from bench.gating.sides import CaseSide, Side
from bench.store.disk import guard, make_folder, write_atomically
from bench.store.names import suite_folder_name
from bench.wire.codec import from_json, to_json

# Format history of a baseline file. A reader takes its own version and all before it.
# 1: first.
BASELINE_SCHEMA = 1

DEFAULT_ROOT = Path("results/baselines")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Baseline:
    """A stored baseline.

    Attributes:
        source: where it comes from: run, git commit, when.
        cases: case id -> what it had; paths of match data are absolute.
    """

    path: Path
    suite: str
    name: str
    machine: str
    source: dict[str, Any]
    cases: dict[str, CaseSide]


def machine_kind(case: CaseSide) -> str:
    """Return what names the kind of machine that a case ran on: its board or processor, for file names."""
    told = case.setting.get("board") if case.setting.get("architecture") == "aarch64" else None
    text = str(told or case.setting.get("cpu") or case.setting.get("architecture") or "unknown")
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unknown"


def write_baseline(root: Path, side: Side, name: str) -> list[Path]:
    """Store the measured cases of a side, a file a machine kind; files of other machines stay.

    Raises:
        UsageError: the name cannot be one, nothing was measured, or the figures are not for decisions.
        StoreError: a file that would be replaced cannot be read, or the disk cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"baseline name {name!r}: expected letters, digits and ._-, at most 64 of them")
    kept = {case.case: case for case in side.cases.values() if case.status in ("ok", "unavailable")}
    weak = sorted(case.case for case in kept.values() if not case.decision_grade)
    if weak:
        raise UsageError(
            f"{side.name}: {weak[0]} was measured under --profile, --limit or --rounds, which is not for "
            "decisions; measure without them"
        )
    by_machine: dict[str, dict[str, CaseSide]] = {}
    for case in kept.values():
        if case.status == "ok":
            by_machine.setdefault(machine_kind(case), {})[case.case] = case
    if not by_machine:
        raise UsageError(f"{side.name}: no case was measured, so there is nothing to keep")
    return [_write_file(root, side, name, machine, cases) for machine, cases in by_machine.items()]


def find_baselines(root: Path, suite: str, name: str) -> list[Baseline]:
    """Read all files of a baseline, a file a machine kind; none where it was never set.

    Raises:
        StoreError: one cannot be read.
    """
    return [read_baseline(path) for path in sorted((root / suite_folder_name(suite) / name).glob("*.json"))]


def read_baselines(root: Path, suite: str, name: str) -> list[Baseline]:
    """Read all files of a baseline that must be there.

    Raises:
        StoreError: there is none, or one cannot be read.
    """
    found = find_baselines(root, suite, name)
    if not found:
        folder = root / suite_folder_name(suite)
        known = sorted(path.parent.name for path in folder.glob("*/*.json"))
        hint = f"; there are {', '.join(dict.fromkeys(known))}" if known else ""
        raise StoreError(
            f"{folder / name}: no baseline{hint}; make one with `bench baseline set RESULTS --name {name}`"
        )
    return found


def read_baseline(path: Path) -> Baseline:
    """Read one file.

    Raises:
        StoreError: it is missing, broken, empty, or of a later version.
    """
    try:
        value = json.loads(path.read_bytes())
        version = value["schema"]
        if version > BASELINE_SCHEMA:
            raise StoreError(
                f"{path}: baseline schema {version} is later than this program's {BASELINE_SCHEMA}; install "
                "the version that wrote it, or a later one"
            )
        cases = {case_id: _read_case(path, case) for case_id, case in value["cases"].items()}
        if not cases:
            raise StoreError(f"{path}: holds no case; make it again with `bench baseline update RESULTS`")
        return Baseline(path, value["suite"], value["name"], value["machine"], value["source"], cases)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StoreError(
            f"{path}: cannot be read as a baseline ({problem}); restore it from version control"
        ) from problem
    except StoreError:
        raise
    except BenchError as problem:
        raise StoreError(f"{path}: not a baseline: {problem}; restore it from version control") from problem


def baseline_side(baselines: list[Baseline], after: Side) -> Side:
    """Return the side to judge against: of each case the machine kind that it now ran on, else any."""
    cases: dict[str, CaseSide] = {}
    for baseline in baselines:
        for case_id, case in baseline.cases.items():
            now = after.cases.get(case_id)
            is_same = now is not None and now.status == "ok" and machine_kind(now) == baseline.machine
            if case_id not in cases or is_same:
                cases[case_id] = case
    first = baselines[0]
    # Files that were kept at different times have no state of the project in common.
    sources = [baseline.source for baseline in baselines]
    source = first.source if all(one.get("git") == first.source.get("git") for one in sources) else {}
    return Side(f"baseline {first.name}", first.suite, cases, source=source)


def _write_file(root: Path, side: Side, name: str, machine: str, cases: Mapping[str, CaseSide]) -> Path:
    folder = root / suite_folder_name(side.suite)
    path = make_folder(folder / name) / f"{machine}.json"
    if path.exists():
        # What cannot be read may be somebody's only copy.
        read_baseline(path)
    stored = {case_id: _case_json(case, make_folder(folder / "matches")) for case_id, case in cases.items()}
    value = {
        "schema": BASELINE_SCHEMA,
        "suite": side.suite,
        "name": name,
        "machine": machine,
        "source": side.source,
        "cases": dict(sorted(stored.items())),
    }
    write_atomically(path, _pretty(value) + "\n")
    return path


def _case_json(case: CaseSide, folder: Path) -> dict[str, Any]:
    """Return a case as JSON; its match data goes into a file named by its hash."""
    value: dict[str, Any] = to_json(replace(case, matches=None, rounds=()))
    value["matches"] = _keep_matches(case.matches, folder) if case.matches else ""
    return value


def _keep_matches(source: Path, folder: Path) -> str:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    target = folder / f"{digest}.npz"
    if not target.exists():
        with guard(folder):
            shutil.copyfile(source, partial := target.with_name(target.name + ".partial"))
            os.replace(partial, target)
    return digest


def _read_case(path: Path, value: dict[str, Any]) -> CaseSide:
    digest = value.pop("matches", "")
    case = from_json(CaseSide, {**value, "matches": None, "rounds": []}, str(path))
    matches = path.parent.parent / "matches" / f"{digest}.npz" if digest else None
    return replace(case, matches=matches if matches and matches.is_file() else None)


def _pretty(value: Any, depth: int = 0) -> str:
    """Return JSON with an object's entries on lines of their own, and lists on one line."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, ensure_ascii=False)
    indent = "  " * (depth + 1)
    entries = [f"{indent}{json.dumps(key)}: {_pretty(item, depth + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(entries) + "\n" + "  " * depth + "}"
