"""Photos, jobs and agent processes for the tests of this folder."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.agent.context import JobContext
from bench.agent.reporter import Reporter
from bench.wire.codec import to_json
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import PROTOCOL, ImageRef, Job, LatencyOptions, RuntimeSettings
from bench.wire.journal import read_events

MODELS = Path(__file__).parent / "models"

# Feeds the tiny models and, with SIZE, the fake runtime.
TINY = ModelDescription(
    preprocess=Preprocess(32, 32, mean=(127.5,) * 3, std=(127.5,) * 3),
    decode=Decode("ltrb", options={"strides": [8], "num_classes": 3, "activation": "sigmoid"}),
    suppression=Suppression(),
    category_ids=(1, 2, 3),
)
FAKE_OPTIONS = {"width": 32, "height": 32, "num_classes": 3}
QUICK = LatencyOptions(warmup=2, calls=10, min_calls=1, num_images=3)


@dataclass(frozen=True)
class AgentRun:
    """What one agent process left behind."""

    exit_code: int
    stdout: str
    stderr: str
    events: list[dict[str, Any]]
    folder: Path

    def event(self, event_type: str) -> dict[str, Any]:
        return next(event for event in self.events if event["type"] == event_type)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImageRef, ...]:
    """Five photos of different sizes, without a loss in their files."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = np.random.default_rng(7)
    refs = []
    for number, (width, height) in enumerate([(48, 40), (64, 64), (33, 47), (80, 50), (32, 32)], start=101):
        path = folder / f"{number}.png"
        Image.fromarray(drawn.integers(0, 256, (height, width, 3), np.uint8)).save(path)
        refs.append(ImageRef(number, str(path), hashlib.sha256(path.read_bytes()).hexdigest()))
    return tuple(refs)


@pytest.fixture
def make_job(photos: tuple[ImageRef, ...]) -> Callable[..., Job]:
    """Make a quick job on a tiny model or the fake runtime."""

    def make(kind: str, runtime: str = "fake", options: dict[str, Any] | None = None, **changes: Any) -> Job:
        own = {**FAKE_OPTIONS, **(options or {})} if runtime == "fake" else options or {}
        job = Job(
            protocol=PROTOCOL,
            id=f"{kind}-{runtime}",
            kind=kind,  # type: ignore[arg-type]
            model=str(MODELS / "tiny_float.tflite"),
            runtime=RuntimeSettings(runtime, 1, own),
            description=TINY,
            images=photos,
            latency=QUICK,
        )
        return replace(job, **changes)

    return make


@pytest.fixture
def run_agent(tmp_path: Path) -> Callable[..., AgentRun]:
    """Run a job in an agent process."""

    def run(job: Job, *python_flags: str) -> AgentRun:
        folder = tmp_path / "jobs" / job.id
        folder.mkdir(parents=True)
        (folder / "job.json").write_text(json.dumps(to_json(job)))
        command = [sys.executable, *python_flags, "-m", "bench.agent", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        events, _ = read_events(folder / "journal.jsonl")
        return AgentRun(done.returncode, done.stdout, done.stderr, events, folder)

    return run


@pytest.fixture
def make_context(tmp_path: Path) -> Iterator[Callable[[Job], JobContext]]:
    """Make the context of a job that is run within the test's own process."""
    # Held until the test ends: a closed descriptor's number goes to the next file, which would be written to.
    wakes = []

    def make(job: Job) -> JobContext:
        folder = tmp_path / "jobs" / job.id
        folder.mkdir(parents=True, exist_ok=True)
        wakes.append(open(tmp_path / "wake", "wb", buffering=0))  # noqa: SIM115 - closed below
        return JobContext(job, folder, Reporter(folder, wakes[-1].fileno()))

    yield make
    for wake in wakes:
        wake.close()
