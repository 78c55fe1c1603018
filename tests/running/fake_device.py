"""A device that goes on when its controller is gone, and connections to it that can be cut: for the run loop.

Nothing computes: each job is answered by a script, when it is followed or when the device is let go on.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.errors import HostError
from bench.hosts.base import BusyError, Ended, HostFile, LeaseAction, OnTransfer, Task
from bench.wire.job import Job

FACTS = {"cpu": "Cortex-A76", "architecture": "aarch64", "board": "Pi 5", "ram_bytes": 8_000_000_000}
GOOD = Ended(exit_code=0, signal="", stderr_tail=())

# Called with the job and how many of its case and kind came before; returns causes that make it invalid.
Disturb = Callable[[Job, int], list[str]]


@dataclass
class FakeDevice:
    """What is on the device, whoever is connected.

    Attributes:
        disturb: makes timed rounds invalid.
        reboots: job kinds at whose next job the device restarts.
        is_reachable: connections to it work.
        on_job: called before each job, in the thread that follows it.
        holder: who else has the lease.
        breaks: model files (sha256) whose jobs die.
    """

    facts: dict[str, Any] = field(default_factory=lambda: dict(FACTS))
    disturb: Disturb = lambda job, number: []
    reboots: list[str] = field(default_factory=list)
    is_reachable: bool = True
    on_job: Callable[[Job], None] = lambda job: None
    holder: str = ""
    breaks: set[str] = field(default_factory=set)
    machine: str = ""
    queue: list[Task] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    ends: dict[str, Ended] = field(default_factory=dict)
    done: list[Job] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    lease_log: list[str] = field(default_factory=list)
    clock: float = 1_000_000.0
    let_go: threading.Event = field(default_factory=threading.Event)

    def go_on(self, count: int = 1_000) -> None:
        """Run queued jobs without anybody watching."""
        for _ in range(min(count, len(self.queue))):
            self._run(self.queue.pop(0))

    def run_until(self, job_id: str) -> None:
        """Run queued jobs up to one."""
        while job_id not in self.ends and any(task.job.id == job_id for task in self.queue):
            self._run(self.queue.pop(0))

    def _run(self, task: Task) -> None:
        job = task.job
        try:
            self.on_job(job)
        except HostError:
            # Who watched is gone; the job still runs.
            self.queue.insert(0, task)
            raise
        self.events[job.id] = []
        if job.kind in self.reboots:
            self.reboots.remove(job.kind)
            self._say(job, "started")
            for lost in [task, *self.queue]:
                self.ends[lost.job.id] = Ended(None, "", (), cause="reboot")
            self.queue.clear()
            return
        if job.model.rpartition("/")[2] in self.breaks:
            self._say(job, "started")
            self.ends[job.id] = Ended(None, "SIGABRT", ("it broke",))
            return
        self._answer(job)
        self.done.append(job)
        self.ends[job.id] = GOOD

    def _answer(self, job: Job) -> None:
        number = sum((one.kind, one.model) == (job.kind, job.model) for one in self.done)
        causes = self.disturb(job, number)
        self._say(job, "started")
        self._say(job, "probe", when="before", valid=True)
        if job.kind == "accuracy":
            self.files[job.id, "detections-0000.npz"] = shard_of(job)
            ids = [image.id for image in job.images]
            self._say(job, "shard", file="detections-0000.npz", image_ids=ids)
        self._say(job, "result", **result_of(job, self.facts))
        verdict = {"valid": not causes, "causes": causes, "reason": f"held back: {causes}" if causes else ""}
        self._say(job, "probe", when="after", **verdict)
        self._say(job, "finished")

    def _say(self, job: Job, kind: str, **values: Any) -> None:
        self.clock += 0.1
        self.events.setdefault(job.id, []).append({"type": kind, "time": self.clock, **values})


def result_of(job: Job, facts: dict[str, Any]) -> dict[str, Any]:
    """Return a plausible result of a job."""
    if job.kind == "check":
        return {"proof": {}, "environment": facts, "has_nan": False, "is_all_zero": False}
    if job.kind == "memory":
        return {"baseline_rss_bytes": 10, "peak_rss_bytes": 30, "method": "clear_refs", "page_size": 4096}
    if job.kind == "accuracy":
        return {"num_detections": len(job.images), "boxes_outside": 0}
    calls = [1_000_000 + 10 * i for i in range(job.latency.calls)]
    once = {"load_ns": 5, "first_call_ns": 6, "inference_cpu_ns": 7}
    return {"inference_ns": calls, "end_to_end": None, **once}


def shard_of(job: Job) -> bytes:
    """Return a file of detections, one box an image."""
    ids = np.array([image.id for image in job.images], np.int64)
    boxes = np.tile(np.array([1, 1, 20, 20], np.float32), (len(ids), 1))
    file = io.BytesIO()
    ones = np.ones(len(ids), np.float32)
    np.savez(
        file, image_id=ids, category_id=ones.astype(np.int32), score=ones * 0.5, box=boxes, image_ids=ids
    )
    return file.getvalue()


class FakeDetachedHost:
    """A connection to a fake device."""

    is_detached = True

    def __init__(self, device: FakeDevice, name: str = "pi", board: str = "") -> None:
        self.device, self.name, self.board, self.root = device, name, board, "/fake"
        self._is_closed = threading.Event()

    def _call(self, op: str) -> None:
        self.device.calls[op] += 1
        if self._is_closed.is_set() or not self.device.is_reachable:
            raise HostError(f"{self.name}: cannot be reached any more: no route to host")

    def facts(self) -> dict[str, Any]:
        self._call("facts")
        return self.device.facts

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        self._call("put")
        if on_transfer is not None:
            on_transfer(len(files), len(files))
        self.device.stored |= {file.sha256 for file in files}
        return {file.sha256: f"files/{file.sha256}" for file in files}

    def start(self, tasks: Sequence[Task]) -> None:
        self._call("start")
        self.device.queue += tasks

    def jobs(self) -> tuple[str, ...]:
        self._call("jobs")
        return (*self.device.ends, *(task.job.id for task in self.device.queue))

    def events(self, job_id: str, offset: int, timeout_seconds: float) -> tuple[list[dict[str, Any]], int]:
        self._call("events")
        self.device.run_until(job_id)
        self._call("events")
        events = self.device.events.get(job_id, [])
        return events[offset:], len(events)

    def ended(self, job_id: str) -> Ended | None:
        self._call("ended")
        return self.device.ends.get(job_id)

    def fetch(self, job_id: str, name: str, destination: Path) -> None:
        self._call("fetch")
        destination.write_bytes(self.device.files[job_id, name])

    def forget(self, job_id: str) -> None:
        self._call("forget")
        self.device.ends.pop(job_id, None)

    def stop(self, job_id: str) -> None:
        self._call("stop")
        self.device.queue = [task for task in self.device.queue if task.job.id != job_id]

    def lease(self, action: LeaseAction, owner: str, run: str) -> dict[str, Any]:
        self._call("lease")
        if action == "take" and self.device.holder:
            raise BusyError("busy", self.device.holder)
        self.device.lease_log.append(action)
        boot = self.device.machine
        return {"boot_id": boot, "path": "/run/lock/lease"} if boot else {}

    def set_governor(self, name: str) -> None:
        self._call("governor")
        self.device.lease_log.append(f"set {name}")

    def restore_governor(self) -> None:
        self._call("governor")
        self.device.lease_log.append("restore")

    def close(self) -> None:
        self._is_closed.set()
        self.device.let_go.set()
