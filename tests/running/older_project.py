"""A project in a git checkout, with a float model and a suite: for tests of older model files.

Building is replaced by copying the float model, so that its content says which state it is from.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.building.keys import build_key, source_file
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact, FileFacts
from bench.core.places import cache_folder
from bench.core.suite import Overrides, Suite
from bench.datasets.prepare import prepare_data
from bench.running.artifacts import find_needs, with_availability
from bench.running.listener import Silent
from bench.running.older import Older, Surroundings, find_older
from bench.suite import load_suite

SUITE = """name: shop
model:
  name: m
  source: ../models/m.keras
  detector: {family: ltrb, options: {strides: [8]}, input: {size: 64}, labels: {offset: 1, count: 8}}
data: {rendered: {evaluation: 2, calibration: 2, training: 2}}
matrix: {precision: [fp32, int8]}
"""


def copy_instead(
    requests: Iterable[BuildRequest],
    store: ArtifactStore,
    folder: Path,
    timeout_seconds: float,
    on_event: Callable[[dict[str, Any]], None],
) -> dict[str, Artifact]:
    """Stand in for building: a file is its float model and the name of its recipe."""
    made = {}
    for request in requests:
        key = build_key(request)
        content = source_file(request).read_bytes() + b" " + request.recipe.name.encode()  # type: ignore[union-attr]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "made.tflite").write_bytes(content)
        made[key] = store.find(key) or store.add(key, folder / "made.tflite", FileFacts("fp32"))
    return made


@dataclass(frozen=True)
class Project:
    """The checkout in `folder`; its suite is `suites/s.yaml`."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "suites" / "s.yaml"

    @property
    def suite(self) -> Suite:
        return with_availability(load_suite(self.path))

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the working tree."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def git(self, *arguments: str) -> str:
        """Run git in the checkout."""
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]
        command = ["git", "-C", str(self.folder), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, words: str = "change") -> str:
        """Commit everything and return the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", words)
        return self.git("rev-parse", "HEAD")

    def around(self, overrides: Overrides | None = None) -> Surroundings:
        """Return what looking for older files needs."""
        data = prepare_data(self.suite.data, cache_folder())
        folder = self.folder.parent / "run" / "older"
        return Surroundings(data, self.folder / "kept", folder, Silent(), overrides or Overrides())

    def find(self, name: str, suite: Suite | None = None) -> Older:
        """Find older files of the suite as it is now."""
        return find_older(name, suite or self.suite, self.around())

    def build(self) -> dict[str, Artifact]:
        """Build the files of the suite as it is now; returns case id -> file."""
        suite, (_, *sets) = self.suite, self.around().data
        requests = find_needs(suite, *sets).requests
        folder = self.folder.parent / "build"
        made = copy_instead(
            requests.values(), ArtifactStore(cache_folder()), folder, 60.0, lambda event: None
        )
        return {case_id: made[build_key(request)] for case_id, request in requests.items()}


def contents(older: Older) -> dict[str, bytes]:
    """Return short case id -> content of its older file."""
    return {name.split("/")[1]: Path(one.artifact.path).read_bytes() for name, one in older.cases.items()}


def only(suite: Suite, precision: str) -> Suite:
    """Return a suite of one precision alone."""
    return replace(suite, cases=tuple(case for case in suite.cases if case.precision == precision))
