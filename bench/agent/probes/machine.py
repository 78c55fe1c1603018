"""The machine, structured, so that whether two runs may be compared can be judged per metric."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from typing import Any

import numpy as np
import psutil

from bench.agent.probes.clock import read_governor, read_max_frequency
from bench.agent.probes.emulation import find_emulator
from bench.agent.probes.files import read_field, read_int, read_text, read_tool
from bench.agent.probes.firmware import vcgencmd_path
from bench.agent.probes.power import find_meter
from bench.wire.boot import read_boot_id

# Of all flags, those that decide which kernels a runtime picks.
_X86_FEATURES = (
    *("sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl"),
    *("avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "amx_tile"),
)
_ARM_FEATURES = ("neon", "asimd", "asimdhp", "asimddp", "asimdrdm", "fphp", "i8mm", "bf16", "sve", "sve2")
_KERNEL_FEATURES = frozenset(_X86_FEATURES + _ARM_FEATURES)
_CPUINFO = "/proc/cpuinfo"
_GROUP = "/proc/self/cgroup"
_GROUPS = "/sys/fs/cgroup"
_NO_LIMIT = 1 << 60


def machine_facts() -> dict[str, Any]:
    """Describe this machine; None for what it does not tell.

    The host's name is given as a hash, so that runs can be told apart without naming anyone's machine.
    """
    return {
        **_processor_facts(),
        **_emulation_facts(),
        "board": board_model(),
        "board_revision": read_field(_CPUINFO, "Revision"),
        "ram_bytes": int(psutil.virtual_memory().total),
        "swap_bytes": int(psutil.swap_memory().total),
        "memory_limit_bytes": memory_limit(),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "architecture": platform.machine(),
        "kernel": f"{platform.system()} {platform.release()}",
        "os": os_name(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "python": platform.python_version(),
        "python_implementation": platform.python_implementation(),
        "numpy": np.__version__,
        "host_hash": hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12],
        "boot_id": read_boot_id(),
        "vcgencmd": vcgencmd_path(),
        "energy_meter": find_meter(),
    }


def board_model() -> str | None:
    """Return the board or product name, or None."""
    return read_text("/proc/device-tree/model") or read_text("/sys/class/dmi/id/product_name")


def cpu_model() -> str | None:
    """Return the processor's name, or None."""
    # ARM kernels have no model name; the part number is the best they say.
    return (
        read_field(_CPUINFO, "model name")
        or read_field(_CPUINFO, "CPU part")
        or read_tool("sysctl", "-n", "machdep.cpu.brand_string")
    )


def cpu_flags() -> frozenset[str]:
    """Return all flags the kernel lists for the first core; empty where it lists none."""
    flags = read_field(_CPUINFO, "flags") or read_field(_CPUINFO, "Features") or ""
    return frozenset(flags.split())


def os_name() -> str:
    """Return the name and version of the system."""
    for line in (read_text("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.platform()


def memory_limit() -> int | None:
    """Return the memory that this process' control group may take, bytes; None where nothing limits it."""
    limits = [read_int(path) for path in _group_limit_files()]
    # Version 1 of control groups says "no limit" with a number beyond any memory.
    known = [limit for limit in limits if limit is not None and limit < _NO_LIMIT]
    return min(known, default=None)


def _group_limit_files() -> list[str]:
    """Return the limit files of this process' group and of all groups above it, version 2 and version 1."""
    group = next((line[3:] for line in (read_text(_GROUP) or "").splitlines() if line.startswith("0::")), "/")
    parts = [part for part in group.split("/") if part]
    above = ["/".join(parts[:count]) for count in range(len(parts) + 1)]
    return [f"{_GROUPS}/{path}/memory.max" for path in above] + [f"{_GROUPS}/memory/memory.limit_in_bytes"]


def _emulation_facts() -> dict[str, Any]:
    emulator = find_emulator(cpu_model())
    return {"emulator": emulator, "is_emulated": emulator is not None}


def _processor_facts() -> dict[str, Any]:
    flags = cpu_flags()
    return {
        "cpu": cpu_model(),
        "num_cores": psutil.cpu_count(logical=False),
        "num_threads": psutil.cpu_count(logical=True),
        "num_usable_threads": _usable_threads(),
        "cpu_features": sorted(flags & _KERNEL_FEATURES),
        "is_virtual": ("hypervisor" in flags) if flags else None,
        "max_frequency_hz": read_max_frequency(),
        "governor": read_governor(),
    }


def _usable_threads() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
