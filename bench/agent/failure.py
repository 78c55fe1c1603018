"""Names what broke a job, and holds its memory within limits."""

from __future__ import annotations

import resource
from pathlib import Path

from bench.errors import BenchError

OUT_OF_MEMORY = "OutOfMemory"

# What native code says when an allocation fails (C++ runtime, LiteRT, ONNX Runtime, libc).
# Errno 12 is ENOMEM, which LiteRT gives as a number.
_MEMORY_WORDS = ("bad_alloc", "failed to allocate", "cannot allocate memory", "out of memory", "error '12'")


def name_failure(problem: BaseException) -> tuple[str, str]:
    """Return the type and the message of a failure, allocation failures under one name."""
    message = str(problem) or type(problem).__name__
    if is_out_of_memory(problem):
        return OUT_OF_MEMORY, f"the job ran out of memory: {message}"
    return type(problem).__name__, message + _limit_hint(problem)


def _limit_hint(problem: BaseException) -> str:
    """Name a limit that is in effect: LiteRT fails beyond it without saying that it ran out of memory."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    origin = problem.__cause__ or problem
    if limit == resource.RLIM_INFINITY or isinstance(origin, BenchError):
        return ""
    return f" (or the memory limit is too low: {limit} bytes of address space for the whole process)"


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether an exception, or one that it was raised from, is a failed allocation."""
    if isinstance(problem, MemoryError):
        return True
    # Our own errors may quote anything, file names too; what they were raised from decides.
    is_own = isinstance(problem, BenchError)
    if not is_own and any(word in str(problem).lower() for word in _MEMORY_WORDS):
        return True
    return problem.__cause__ is not None and is_out_of_memory(problem.__cause__)


def limit_memory(limit_bytes: int) -> None:
    """Let this process take at most `limit_bytes` of address space on top of what it has; 0 for no limit.

    Address space, because it is the one limit that needs no privilege and no control group. Called when
    everything is imported, so that the limit is the model's.
    """
    if limit_bytes == 0:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = _address_space_bytes() + limit_bytes
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))


def _address_space_bytes() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[0]) * resource.getpagesize()
    import psutil

    return int(psutil.Process().memory_info().vms)
