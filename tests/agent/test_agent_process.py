"""The agent as a process of its own: events, exit codes, what it imports, how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_network import write_tiny_onnx

import bench
from bench.wire.job import Job, RuntimeSettings

MakeJob = Callable[..., Job]

# Never on a device: they cost seconds and hundreds of megabytes, or are not installed there.
FORBIDDEN = {"tensorflow", "keras", "tf2onnx", "pandas", "matplotlib", "onnx", "scipy", "yaml"}
OWN_ROOMS = {"bench", "bench.agent", "bench.detectors", "bench.wire", "bench.errors"}


def imported_modules(stderr: str) -> set[str]:
    """Return the modules that `-X importtime` listed."""
    lines = [line for line in stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    ("runtime", "kind"), [("fake", "latency"), ("litert", "accuracy"), ("onnxruntime", "check")]
)
def test_an_agent_imports_one_runtime_and_nothing_heavy(
    runtime: str, kind: str, make_job: MakeJob, run_agent: Any, tmp_path: Path
) -> None:
    job = make_job(kind, runtime=runtime)
    if runtime == "onnxruntime":
        job = replace(job, model=str(write_tiny_onnx(tmp_path / "tiny.onnx")))
    done = run_agent(job, "-X", "importtime")
    assert done.exit_code == 0, done.stderr[-2000:]
    modules = imported_modules(done.stderr)
    tops = {module.partition(".")[0] for module in modules}
    assert "numpy" in tops and not tops & FORBIDDEN
    others = {"litert": "ai_edge_litert", "onnxruntime": "onnxruntime"}
    assert tops & set(others.values()) == ({others[runtime]} if runtime in others else set())
    rooms = {".".join(module.split(".")[:2]) for module in modules if module.startswith("bench")}
    assert rooms == OWN_ROOMS


def test_importing_bench_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import bench; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tops = {module.partition(".")[0] for module in done.stdout.split()}
    assert tops - set(sys.stdlib_module_names) == {"bench"}
    assert not [module for module in done.stdout.split() if module.startswith("bench.")]


def test_a_good_job_tells_its_events_in_order_and_wakes_with_each(make_job: MakeJob, run_agent: Any) -> None:
    done = run_agent(make_job("accuracy", shard_size=3))
    types = [event["type"] for event in done.events]
    assert types == ["started", "probe", "shard", "shard", "progress", "result", "probe", "finished"]
    assert done.stdout.split() == types
    assert [event["seq"] for event in done.events] == list(range(len(types)))
    assert [event["when"] for event in done.events if event["type"] == "probe"] == ["before", "after"]
    started = done.event("started")
    assert started["agent"] == bench.__version__ and started["runtime"] == "fake"
    assert started["python"] == sys.version.split()[0]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_check_proves_the_threads_that_a_session_started(
    threads: int, make_job: MakeJob, run_agent: Any, tmp_path: Path
) -> None:
    model = write_tiny_onnx(tmp_path / "tiny.onnx")
    job = replace(
        make_job("check"), model=str(model), runtime=RuntimeSettings("onnxruntime", threads), id="threads"
    )
    # The calling thread works, too.
    assert run_agent(job).event("result")["proof"]["threads_started"] == threads - 1


def test_a_python_error_becomes_a_failed_event(make_job: MakeJob, run_agent: Any) -> None:
    done = run_agent(make_job("latency", options={"crash": "exception", "at_call": 4}))
    assert done.exit_code == 1
    assert done.events[-1]["type"] == "failed"
    assert done.events[-1]["error_type"] == "RuntimeError"
    assert done.events[-1]["message"] == "the fake runtime was told to fail at call 4"
    assert "Traceback" in done.stderr


def test_a_job_within_its_memory_limit_runs(make_job: MakeJob, run_agent: Any) -> None:
    done = run_agent(
        make_job("check", options={"allocate_bytes": 50_000_000}, memory_limit_bytes=300_000_000)
    )
    assert done.exit_code == 0, done.stderr


def test_a_job_beyond_its_memory_limit_says_that_it_ran_out_of_memory(
    make_job: MakeJob, run_agent: Any
) -> None:
    done = run_agent(
        make_job("check", options={"allocate_bytes": 500_000_000}, memory_limit_bytes=300_000_000)
    )
    assert done.exit_code == 1
    assert done.events[-1]["error_type"] == "OutOfMemory"
    assert done.events[-1]["message"].startswith("the job ran out of memory")


def test_a_failure_under_a_memory_limit_names_the_limit(make_job: MakeJob, run_agent: Any) -> None:
    done = run_agent(make_job("check", runtime="litert", memory_limit_bytes=1))
    assert done.exit_code == 1
    assert "ran out of memory" in done.events[-1]["message"] or "memory limit" in done.events[-1]["message"]


def test_a_job_of_another_protocol_is_refused_with_the_cure(make_job: MakeJob, run_agent: Any) -> None:
    done = run_agent(replace(make_job("check"), protocol=99))
    assert done.exit_code == 1
    assert "speaks protocol 99, this agent speaks 1; install the same version" in done.events[-1]["message"]


def test_a_job_with_a_wrong_field_is_refused_with_its_key_path(
    make_job: MakeJob, run_agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("check")
    monkeypatch.setattr(json, "dumps", _spoil(json.dumps))
    done = run_agent(job)
    assert "Job.shard_size: got 'many', expected a value of type int" in done.events[-1]["message"]


def test_a_folder_without_a_job_fails_and_no_folder_at_all_is_wrong_use(tmp_path: Path) -> None:
    agent = [sys.executable, "-m", "bench.agent"]
    empty = subprocess.run([*agent, str(tmp_path)], capture_output=True, text=True)
    assert empty.returncode == 1
    assert "cannot be read as a job" in (tmp_path / "journal.jsonl").read_text()
    absent = subprocess.run([*agent, str(tmp_path / "absent")], capture_output=True, text=True)
    assert absent.returncode == 2 and absent.stderr.startswith("usage: python -m bench.agent")


def test_what_a_library_prints_does_not_reach_the_wake_up_pipe(tmp_path: Path) -> None:
    code = (
        "import os; from bench.agent.reporter import claim_standard_output;"
        "wake = claim_standard_output(); print('noise', flush=True); os.write(wake, b'event')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("event", "noise\n")


def test_a_full_or_closed_wake_up_pipe_stops_nothing(tmp_path: Path) -> None:
    from bench.agent.reporter import Reporter

    reading, writing = os.pipe()
    reporter = Reporter(tmp_path, writing)
    for number in range(9000):
        os.write(writing, b"x" * 100) if number < 600 else None
        if number in (0, 8999):
            reporter.report("progress", done=number, total=9000)
    os.close(reading)
    reporter.report("finished")
    assert len((tmp_path / "journal.jsonl").read_text().splitlines()) == 3
    os.close(writing)


def test_facts_name_the_machine_and_its_runtimes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.agent", "--facts"], capture_output=True, text=True, check=True
    )
    facts = json.loads(done.stdout)
    assert facts["num_threads"] >= 1 and facts["ram_bytes"] > 0 and facts["page_size"] >= 4096
    assert set(facts["runtimes"]) == {"litert", "onnxruntime"}


def test_an_agent_whose_controller_is_gone_does_not_begin(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells a process of its parent's end")
    environment = {**os.environ, "BENCH_AGENT_PARENT": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bench.agent", str(tmp_path)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1 and "ended before it began" in done.stderr


def _spoil(dumps: Callable[..., str]) -> Callable[..., str]:
    def spoiled(value: Any, **options: Any) -> str:
        return dumps({**value, "shard_size": "many"}, **options)

    return spoiled
