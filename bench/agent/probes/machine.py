"""The machine, structured, so that whether two runs may be compared can be judged per metric."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from typing import Any

import numpy as np
import psutil

from bench.agent.probes.files import read_field, read_int, read_text, read_tool

# Of all flags, those that decide which kernels a runtime picks.
_X86_FEATURES = (
    *("sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512vl"),
    *("avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_int8", "amx_bf16", "amx_tile"),
)
_ARM_FEATURES = ("neon", "asimd", "asimdhp", "asimddp", "asimdrdm", "fphp", "i8mm", "bf16", "sve", "sve2")
_KERNEL_FEATURES = frozenset(_X86_FEATURES + _ARM_FEATURES)
_CPUINFO = "/proc/cpuinfo"


def machine_facts() -> dict[str, Any]:
    """Describe this machine; None for what it does not tell.

    The host's name is given as a hash, so that runs can be told apart without naming anyone's machine.
    """
    return {
        **_processor_facts(),
        "board": board_model(),
        "ram_bytes": int(psutil.virtual_memory().total),
        "swap_bytes": int(psutil.swap_memory().total),
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
    }


def read_boot_id() -> str | None:
    """Return the kernel's random id of this boot, or None."""
    return read_text("/proc/sys/kernel/random/boot_id")


def read_governor() -> str | None:
    """Return the frequency governor of the first core, or None."""
    return read_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


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


def _processor_facts() -> dict[str, Any]:
    flags = cpu_flags()
    frequency_khz = read_int("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    return {
        "cpu": cpu_model(),
        "num_cores": psutil.cpu_count(logical=False),
        "num_threads": psutil.cpu_count(logical=True),
        "num_usable_threads": _usable_threads(),
        "cpu_features": sorted(flags & _KERNEL_FEATURES),
        "is_virtual": ("hypervisor" in flags) if flags else None,
        "max_frequency_hz": None if frequency_khz is None else frequency_khz * 1000,
        "governor": read_governor(),
    }


def _usable_threads() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
