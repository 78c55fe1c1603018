"""What a device is and how it is doing, before anything is installed there. Judges nothing.

Standard library only, so `bench.agent.probes.machine`, which records the machine with each run, cannot serve.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import struct
import sys
import time
from pathlib import Path
from typing import Any

from bench.agent.ops.environment import VENVS, read_state
from bench.agent.ops.pip_running import has_pip
from bench.agent.probes.clock import available_governors, read_frequency, read_governor, read_max_frequency
from bench.agent.probes.emulation import find_emulator
from bench.agent.probes.files import read_field, read_text
from bench.agent.probes.firmware import ask_firmware, read_throttled, vcgencmd_path
from bench.agent.probes.thermal import read_temperature
from bench.agent.session import Session

_CPUINFO = "/proc/cpuinfo"
_LIBRARIES = Path("/lib")
# Kernels of both runtimes that INT8 and FP16 models gain from.
_DOT_PRODUCT, _HALF_PRECISION = {"asimddp"}, {"asimdhp", "fphp"}
# What a Pi 5 agreed with its supply on; Raspberry Pi documentation, "USB boot modes and power".
_SUPPLY = Path("/proc/device-tree/chosen/power/max_current")


def survey(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Return the facts; None for what the device does not tell, and with `is_gentle` for what takes work."""
    facts = {**_system(), **_processor(), **_room(session.root), **_state(), **_packages(session.root)}
    return {"facts": {**facts, "has_pip": None if request.get("is_gentle") else has_pip()}}


def _system() -> dict[str, Any]:
    flags = _flags()
    model = read_field(_CPUINFO, "model name") or read_field(_CPUINFO, "CPU part")
    return {
        "board": read_text("/proc/device-tree/model") or read_text("/sys/class/dmi/id/product_name"),
        "os": _os_name(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        # Of the programs, which may be 32-bit ones under a 64-bit kernel.
        "bits": struct.calcsize("P") * 8,
        "libc": list(_libc()),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "emulator": find_emulator(model),
        "is_virtual": "hypervisor" in flags if flags else None,
        "cpu": model,
        "time": time.time(),
    }


def _processor() -> dict[str, Any]:
    flags = _flags()
    is_arm = platform.machine() in ("aarch64", "arm64")
    return {
        "num_cores": os.cpu_count(),
        "has_dot_product": flags >= _DOT_PRODUCT if is_arm and flags else None,
        "has_half_precision": flags >= _HALF_PRECISION if is_arm and flags else None,
        "max_frequency_hz": read_max_frequency(),
        "governors": available_governors(),
    }


def _room(root: Path) -> dict[str, Any]:
    memory = {name: _kibibytes(name) for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")}
    return {
        "ram_bytes": memory["MemTotal"],
        "available_bytes": memory["MemAvailable"],
        "swap_bytes": memory["SwapTotal"],
        "root": str(root),
        "free_bytes": shutil.disk_usage(root).free,
    }


def _state() -> dict[str, Any]:
    return {
        "temperature_c": read_temperature(),
        "throttled": read_throttled(),
        "has_firmware": vcgencmd_path() is not None,
        "firmware_answers": ask_firmware("version") is not None,
        "frequency_hz": read_frequency(),
        "governor": read_governor(),
        "supply_milliamps": _supply(),
        "load": os.getloadavg()[0],
        "uptime_seconds": _uptime(),
    }


def _packages(root: Path) -> dict[str, Any]:
    keys = [path.name for path in (root / VENVS).glob("*") if path.is_dir()]
    states = {key: state for key in keys if (state := read_state(root, key)) is not None}
    return {
        "python": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "has_venv": importlib.util.find_spec("venv") is not None,
        "has_ensurepip": importlib.util.find_spec("ensurepip") is not None,
        "environments": states,
    }


def _flags() -> frozenset[str]:
    return frozenset((read_field(_CPUINFO, "flags") or read_field(_CPUINFO, "Features") or "").split())


def _libc() -> tuple[str, str]:
    """Return the C library and its version; `musl` where the interpreter is linked against that one."""
    name, version = platform.libc_ver()
    if name:
        return name, version
    return ("musl", "") if list(_LIBRARIES.glob("ld-musl-*")) else ("", "")


def _os_name() -> str | None:
    return next(
        (
            line.partition("=")[2].strip('"')
            for line in (read_text("/etc/os-release") or "").splitlines()
            if line.startswith("PRETTY_NAME=")
        ),
        None,
    )


def _kibibytes(name: str) -> int | None:
    text = read_field("/proc/meminfo", name)
    return int(text.split()[0]) * 1024 if text else None


def _supply() -> int | None:
    try:
        content = _SUPPLY.read_bytes()
    except OSError:
        return None
    return int(struct.unpack(">I", content)[0]) if len(content) == 4 else None


def _uptime() -> float | None:
    text = read_text("/proc/uptime")
    return float(text.split()[0]) if text else None
