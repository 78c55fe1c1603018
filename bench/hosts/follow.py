"""Runs one job on any host to its end, and names the cause where it broke."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from bench.hosts.base import EndCause, Ended, Host, Task
from bench.wire.job import Job

Event = dict[str, Any]

# How long one wait for news may last; nothing depends on it.
WAIT_SECONDS = 60.0

# ARMv8.0 (Cortex-A53 and A72: Raspberry Pi 3 and 4) lacks what ARMv8.2 (Cortex-A76: Pi 5) has.
_MISSING_INSTRUCTIONS = (
    "its runtime or model uses instructions that this processor does not have (a Raspberry Pi 3 or 4 has "
    "neither dot product nor fp16 arithmetic); `bench host check` lists what it has; use another version of "
    "the runtime there, or leave this case out"
)
_SIGNAL_MEANINGS = {
    "SIGSEGV": "it touched memory that is not its own (a fault in native code)",
    "SIGBUS": "a mapped file was cut short or the disk is full",
    "SIGILL": _MISSING_INSTRUCTIONS,
    "SIGFPE": "an arithmetic fault in native code",
    "SIGTERM": "something asked it to end",
}
_CAUSE_MEANINGS: dict[EndCause, str] = {
    "lost": "the job was lost: its keeper on the device was killed, so that nobody knows how it ended",
    "reboot": "the machine was started anew while the job ran: switched off, a weak supply, or a watchdog",
    "stopped": "the job was stopped",
}
# What C++ prints when an allocation failed and nobody caught it.
_BAD_ALLOC = "bad_alloc"


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        reason: one sentence on what broke; empty when all went well.
        stderr_tail: last lines of standard error; of good jobs, too.
        events: the whole journal.
        cause: why its process ended, where it did not by itself.
    """

    status: Literal["ok", "failed"]
    reason: str
    stderr_tail: tuple[str, ...]
    events: tuple[Event, ...]
    cause: EndCause = ""

    def event(self, event_type: str) -> Event | None:
        """Return the last event of a type, or None."""
        return next((event for event in reversed(self.events) if event["type"] == event_type), None)


def run_job(
    host: Host, job: Job, timeout_seconds: float, on_event: Callable[[Event], None] | None = None
) -> JobOutcome:
    """Run one job and follow it to its end.

    Raises:
        HostError: the job cannot be started. A job that breaks is an outcome, no exception.
    """
    task = Task(job, timeout_seconds)
    host.start([task])
    try:
        return follow_job(host, task, on_event)
    finally:
        host.stop(job.id)


def follow_job(host: Host, task: Task, on_event: Callable[[Event], None] | None = None) -> JobOutcome:
    """Follow a queued job to its end; this process sleeps while the device measures.

    Args:
        on_event: called with each event as it arrives.

    Raises:
        HostError: the host lost the job, or cannot be reached any more.
    """
    events = _collect(host, task.job.id, on_event)
    ended = host.ended(task.job.id)
    is_late = ended is not None and ended.cause == "time_limit"
    reason = _late_reason(task.timeout_seconds) if is_late else failure_reason(events, ended)
    if ended is not None and ended.signal and reason and task.job.memory_limit_bytes and not is_late:
        reason += f" (its memory limit of {task.job.memory_limit_bytes} bytes may be the cause)"
    return JobOutcome(
        status="failed" if reason else "ok",
        reason=reason,
        stderr_tail=ended.stderr_tail if ended else (),
        events=tuple(events),
        cause=ended.cause if ended else "lost",
    )


def _collect(host: Host, job_id: str, on_event: Callable[[Event], None] | None) -> list[Event]:
    """Return all events of a job once it has ended."""
    events: list[Event] = []
    offset = 0
    while True:
        # Asked before reading: what an ended job wrote is all read then.
        has_ended = host.ended(job_id) is not None
        news, offset = host.events(job_id, offset, WAIT_SECONDS)
        for event in news:
            events.append(event)
            if on_event is not None:
                on_event(event)
        if has_ended and not news:
            return events


def failure_reason(events: list[Event], ended: Ended | None) -> str:
    """Name why a job broke, in one sentence; empty if it finished.

    What the job itself reported comes first, then what the system says of its end.
    """
    by_type = {event["type"]: event for event in events}
    if "finished" in by_type:
        return ""
    if "failed" in by_type:
        return _reported_reason(by_type["failed"])
    if ended is None:
        return "the job was lost: the host does not know how it ended"
    if ended.cause in _CAUSE_MEANINGS:
        return _CAUSE_MEANINGS[ended.cause]
    if ended.signal:
        return _signal_reason(ended)
    return f"the job ended with exit code {ended.exit_code} without finishing{_last_words(ended)}"


def _late_reason(seconds: float) -> str:
    return f"ran longer than {seconds:g} s and was killed; raise the time limit if the job is just slow"


def _reported_reason(event: Event) -> str:
    # Our own errors are whole sentences; of others the type is half of what they say.
    error_type, message = str(event["error_type"]), str(event["message"])
    is_sentence = error_type in ("OutOfMemory", "DataError", "ModelError", "JobError", "BenchError")
    return message if is_sentence else f"{error_type}: {message}"


def _signal_reason(ended: Ended) -> str:
    if ended.signal == "SIGKILL":
        return f"killed by SIGKILL, {_kill_cause(ended.num_oom_kills)}"
    if any(_BAD_ALLOC in line for line in ended.stderr_tail):
        return f"killed by {ended.signal}: out of memory (an allocation in native code failed)"
    meaning = _SIGNAL_MEANINGS.get(ended.signal)
    return f"killed by {ended.signal}{f': {meaning}' if meaning else _last_words(ended)}"


def _kill_cause(num_oom_kills: int | None) -> str:
    if num_oom_kills is None:
        return "probably out of memory"
    if num_oom_kills > 0:
        return (
            f"out of memory: the kernel killed {num_oom_kills} for want of it meanwhile; use a smaller model "
            "or input there, close other programs, or leave this case out"
        )
    return "from outside: the kernel has killed none for want of memory meanwhile"


def _last_words(ended: Ended) -> str:
    return f"; it last wrote: {ended.stderr_tail[-1]}" if ended.stderr_tail else ""
