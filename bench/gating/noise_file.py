"""Keeps what `noise` learned beside the baselines: `results/baselines/<suite>/noise-<machine kind>.json`.

A cache of advice: a gate judges without it, and it is learned again from runs at any time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError, StoreError
from bench.gating.baselines import machine_kind
from bench.gating.noise import CaseNoise
from bench.gating.sides import Side
from bench.store.disk import make_folder, write_atomically
from bench.store.names import suite_folder_name
from bench.wire.codec import from_json, to_json

# Format history. 1: first.
NOISE_SCHEMA = 1


def write_noise(root: Path, side: Side, found: Sequence[CaseNoise]) -> list[Path]:
    """Keep the noise of a run's cases, a file a machine kind."""
    by_machine: dict[str, list[CaseNoise]] = {}
    for one in found:
        by_machine.setdefault(machine_kind(side.cases[one.case]), []).append(one)
    return [_write_file(root, side, machine, cases) for machine, cases in by_machine.items()]


def read_noise(root: Path, side: Side) -> dict[tuple[str, str], CaseNoise]:
    """Read what is kept of a side's cases, of the machines that they ran on; empty where nothing is.

    Raises:
        StoreError: a file is there and cannot be read.
    """
    kinds = {machine_kind(case) for case in side.cases.values() if case.status == "ok"}
    files = [_path(root, side.suite, kind) for kind in sorted(kinds)]
    return {(one.case, one.metric): one for file in files if file.is_file() for one in _read_file(file)}


def _path(root: Path, suite: str, machine: str) -> Path:
    return root / suite_folder_name(suite) / f"noise-{machine}.json"


def _write_file(root: Path, side: Side, machine: str, found: Sequence[CaseNoise]) -> Path:
    path = _path(root, side.suite, machine)
    make_folder(path.parent)
    lines = ",\n".join(f"    {json.dumps(to_json(one))}" for one in found)
    source = json.dumps(side.source)
    write_atomically(
        path, f'{{\n  "schema": {NOISE_SCHEMA},\n  "source": {source},\n  "noise": [\n{lines}\n  ]\n}}\n'
    )
    return path


def _read_file(path: Path) -> list[CaseNoise]:
    try:
        value = json.loads(path.read_bytes())
        if value["schema"] > NOISE_SCHEMA:
            raise StoreError(
                f"{path}: noise schema {value['schema']} is later than this program's {NOISE_SCHEMA}"
            )
        return [from_json(CaseNoise, one) for one in value["noise"]]
    except (OSError, ValueError, KeyError, TypeError, BenchError) as problem:
        raise StoreError(
            f"{path}: cannot be read ({problem}); learn it again with `bench noise`"
        ) from problem
