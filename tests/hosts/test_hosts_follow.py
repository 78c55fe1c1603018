"""Causes of death by what a job left behind, on a host that plays them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.hosts.base import Ended
from bench.hosts.fake import FakeAnswer, FakeHost
from bench.hosts.follow import failure_reason, run_job
from bench.wire.description import Decode, ModelDescription, Preprocess, Suppression
from bench.wire.job import PROTOCOL, Job, RuntimeSettings

STARTED = {"type": "started"}
JOB = Job(
    protocol=PROTOCOL,
    id="job",
    kind="check",
    model="model",
    runtime=RuntimeSettings("fake"),
    description=ModelDescription(Preprocess(8, 8), Decode("ltrb"), Suppression(), (1,)),
)


def killed(signal: str, *stderr: str, num_oom_kills: int | None = 0) -> Ended:
    return Ended(None, signal, stderr, num_oom_kills)


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (killed("SIGKILL", num_oom_kills=1), "out of memory: the kernel killed 1 for want of it"),
        (killed("SIGKILL", num_oom_kills=0), "from outside: the kernel has killed none"),
        (killed("SIGKILL", num_oom_kills=None), "probably out of memory"),
        (killed("SIGKILL", num_oom_kills=1), "close other programs, or leave this case out"),
        (killed("SIGILL"), "instructions that this processor does not have"),
        (killed("SIGILL"), "a Raspberry Pi 3 or 4 has neither dot product nor fp16"),
        (killed("SIGSEGV"), "killed by SIGSEGV: it touched memory that is not its own"),
        (killed("SIGBUS"), "the disk is full"),
        (killed("SIGABRT", "terminate called", "what():  std::bad_alloc"), "SIGABRT: out of memory"),
        (killed("SIGABRT", "check failed: x > 0"), "killed by SIGABRT; it last wrote: check failed: x > 0"),
        (Ended(0, "", ()), "ended with exit code 0 without finishing"),
        (Ended(3, "", ("No module named numpy",)), "exit code 3 without finishing; it last wrote: No module"),
        (None, "the job was lost"),
        (Ended(None, "", (), cause="lost"), "its keeper on the device was killed"),
        (Ended(None, "", (), cause="reboot"), "was started anew while the job ran"),
        (Ended(None, "SIGKILL", (), cause="stopped"), "the job was stopped"),
    ],
)
def test_each_end_has_its_cause(ended: Ended | None, expected: str) -> None:
    assert expected in failure_reason([STARTED], ended)


def test_what_a_job_said_of_its_failure_comes_before_how_it_ended() -> None:
    failed = {"type": "failed", "error_type": "DataError", "message": "a.jpg: is damaged"}
    assert failure_reason([STARTED, failed], killed("SIGSEGV")) == "a.jpg: is damaged"
    other = {"type": "failed", "error_type": "KeyError", "message": "'x'"}
    assert failure_reason([other], Ended(1, "", ())) == "KeyError: 'x'"


def test_a_job_that_finished_is_good_however_its_process_ended() -> None:
    assert failure_reason([STARTED, {"type": "finished"}], killed("SIGSEGV")) == ""


def test_a_good_answer_is_a_good_outcome_and_its_files_are_there(tmp_path: Path) -> None:
    answer = FakeAnswer(
        events=(STARTED, {"type": "result", "value": 7}, {"type": "finished"}), files={"a.npz": b"content"}
    )
    host = FakeHost(tmp_path, lambda job: answer)
    outcome = run_job(host, JOB, 10)
    assert outcome.status == "ok" and outcome.event("result")["value"] == 7
    assert outcome.event("failed") is None
    assert host.started == [JOB]
    host.fetch("job", "a.npz", tmp_path / "a.npz")
    assert (tmp_path / "a.npz").read_bytes() == b"content"


def test_a_job_that_ends_without_a_word_is_never_good(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, lambda job: FakeAnswer(events=(), ended=Ended(0, "", ())))
    assert run_job(host, JOB, 10).status == "failed"
