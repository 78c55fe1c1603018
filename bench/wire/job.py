"""One job for the device: what to measure, on which file, with which settings.

The controller writes `job.json` into a fresh folder; the agent reads it from there and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.wire.description import ModelDescription

# Format history of a job and of the journal that answers it.
# 1: first.
PROTOCOL = 1

# The job itself, within its folder; the journal's name is in `bench.wire.journal`.
JOB_NAME = "job.json"

# Environment variable with the process id of a controller that the job must not outlive; absent for jobs
# that may outlive their connection.
PARENT_VARIABLE = "BENCH_AGENT_PARENT"

JobKind = Literal["check", "latency", "memory", "accuracy", "variants", "sustained", "energy"]


@dataclass(frozen=True)
class RuntimeSettings:
    """A runtime by name and what it was asked for. `options` is passed to the runtime's plug-in."""

    name: str
    threads: int = 1
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageRef:
    """One photo on the device: its id in the annotations, and where it lies (absolute, or below the root).

    Attributes:
        width, height: as the annotations declare them, pixels; they tell whether the photo is to be turned as
            its EXIF orientation says. 0 where nothing is declared.
        fill: whether a photo that is cut short is taken, with what is missing in grey.
    """

    id: int
    path: str
    sha256: str
    width: int = 0
    height: int = 0
    fill: bool = False


@dataclass(frozen=True)
class LatencyOptions:
    """How long one round measures.

    The warm-up ends after `warmup` calls or `warmup_seconds`, whichever comes last; a loop ends after
    `calls` calls, or earlier once `max_seconds` have passed and at least `min_calls` calls were made.
    """

    warmup: int = 20
    warmup_seconds: float = 0.0
    calls: int = 200
    min_calls: int = 50
    max_seconds: float = 60.0
    num_images: int = 16
    with_end_to_end: bool = True


@dataclass(frozen=True)
class Cooling:
    """How long a job waits for the processor to cool before it looks at the machine and starts.

    Attributes:
        target_c: temperature to wait for, degrees Celsius; 0 for no wait.
        max_seconds: it starts after that long however warm it is.
    """

    target_c: float = 0.0
    max_seconds: float = 600.0


@dataclass(frozen=True)
class Job:
    """What the agent is asked to do. Paths are absolute, or relative to the host's root folder.

    Attributes:
        images: `latency` and `memory` rotate through them; `accuracy` runs each of them once, in order.
        shard_size: images after which `accuracy` writes and journals a finished shard of detections.
        prepared: folder for resized uint8 inputs shared by jobs of one input geometry; empty for none.
        prepared_limit_bytes: no more than this is written below `prepared`.
        memory_limit_bytes: address space that the job may have on top of its start; 0 for no limit.
        variants: `variants` reads each image's outputs in each of these ways; all of them share the
            preprocessing of `description`.
        cooling: what is waited for before the first probe.
        sustained_seconds: `sustained` runs that long.
        probe_seconds: `sustained` looks at the machine that often.
        energy_seconds: `energy` measures that long at rest, and that long under load.
    """

    protocol: int
    id: str
    kind: JobKind
    model: str
    runtime: RuntimeSettings
    description: ModelDescription
    images: tuple[ImageRef, ...] = ()
    latency: LatencyOptions = field(default_factory=LatencyOptions)
    shard_size: int = 200
    prepared: str = ""
    prepared_limit_bytes: int = 4_000_000_000
    memory_limit_bytes: int = 0
    variants: tuple[ModelDescription, ...] = ()
    cooling: Cooling = field(default_factory=Cooling)
    sustained_seconds: float = 0.0
    probe_seconds: float = 5.0
    energy_seconds: float = 5.0
