"""How long a person waits for the commands that measure nothing: printed, never asserted.

`PYTHONDONTWRITEBYTECODE` is left alone: the first start of all compiles, the median of the rest does not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
from fake_records import many_records

pytestmark = pytest.mark.performance

ROOT = Path(__file__).parent.parent.parent
REPEATS = 7


def seconds_of(*arguments: str) -> float:
    """Return the median wall time of a command, in seconds."""
    samples = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=ROOT, check=True, capture_output=True)
        samples.append(time.perf_counter() - started)
    return median(samples)


def test_commands_that_measure_nothing_answer_at_once() -> None:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    bare = time.perf_counter() - started
    suite = "suites/quickstart.yaml"
    print(f"\n{'command':<34} seconds  (an empty Python: {bare:.3f})")
    for arguments in (["--help"], ["run", "--help"], ["plan", suite], ["schema", "suite"]):
        print(f"bench {' '.join(arguments):<28} {seconds_of(*arguments):.3f}")


def test_a_build_stage_with_nothing_to_build_is_short(tmp_path: Path) -> None:
    from bench.building.store import ArtifactStore
    from bench.core.places import cache_folder
    from bench.datasets.prepare import prepared_if_ready
    from bench.running.artifacts import build, cached, find_needs, with_availability
    from bench.running.listener import Silent
    from bench.suite import load_suite

    suite = with_availability(load_suite(ROOT / "suites" / "quickstart.yaml"))
    ready = prepared_if_ready(suite.data, cache_folder())
    if ready is None:
        pytest.skip("the quickstart has not been run with this cache: nothing is built")
    needs, store = find_needs(suite, ready[1], ready[2]), ArtifactStore(cache_folder())
    if not all(cached(needs, store).values()):
        pytest.skip("the quickstart has not been built with this cache")
    started = time.perf_counter()
    built = build(needs, store, tmp_path, 60.0, Silent())
    print(f"\nbuild stage of the quickstart, nothing changed: {time.perf_counter() - started:.3f} s")
    assert len(built.artifacts) == len(needs.requests) and not built.seconds


def test_choosing_among_many_cases_takes_less_than_a_second(tmp_path: Path) -> None:
    from bench.store.records import write_records

    where = "latency_p95 <= 50 ms and size <= 5 MB and host == local"
    print(f"\n{'bench choose, cases':<34} seconds  of them processor")
    for count in (10, 60, 540):
        folder = tmp_path / str(count) / "run"
        folder.mkdir(parents=True)
        write_records(folder / "records.jsonl", many_records(count))
        before = sum(os.times()[2:4])
        wall = seconds_of("choose", str(folder), "--where", where)
        print(f"{count:<34} {wall:.3f}    {(sum(os.times()[2:4]) - before) / REPEATS:.3f}")
