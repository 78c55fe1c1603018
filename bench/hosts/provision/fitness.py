"""Whether a board is fit to run jobs at all: system, Python, C library, processor, room, packages. Pure."""

from __future__ import annotations

from bench.core.processor import part_name
from bench.hosts.provision.findings import Finding, Observed

_MIB = 1 << 20
# A job of the small built-in detector peaks at 59 MiB (LiteRT) and 74 MiB (ONNX Runtime) on x86; twice that
# is the least, and a middling model stays below the other.
_LEAST_MEMORY, _GOOD_MEMORY = 160 * _MIB, 512 * _MIB
# Photos, models and results of a run of some hundred images, beside the packages.
_RUN_BYTES = 300 * _MIB
# 62 MB of wheels for aarch64 become 203 MB beside them.
DISK_FACTOR = 5


def look_at_system(seen: Observed) -> list[Finding]:
    """Name board and system."""
    facts = seen.facts
    name = f"{facts.get('os') or 'unknown'}, {facts['bits']}-bit {facts['machine']}, kernel {facts['kernel']}"
    return [Finding("board", facts.get("board") or "unknown"), Finding("system", name)]


def look_at_emulation(seen: Observed) -> list[Finding]:
    """Say where times are not those of real hardware."""
    if seen.facts.get("emulator"):
        cure = "its times say nothing of real hardware: figures are not valid for decisions"
        return [Finding("emulator", str(seen.facts["emulator"]), "advice", cure)]
    if seen.facts.get("is_virtual"):
        cure = "others may share its processor: repeat on real hardware before deciding on figures"
        return [Finding("virtual machine", "yes", "advice", cure)]
    return []


def look_at_python(seen: Observed) -> list[Finding]:
    """Look for a Python that packages are pinned for."""
    version = ".".join(map(str, seen.facts["python"]))
    if isinstance(seen.environment, str):
        return [Finding("python", version, "problem", seen.environment)]
    if seen.facts.get("implementation") != "cpython":
        cure = "the runtimes have wheels for CPython alone: put that one first in PATH"
        return [Finding("python", f"{seen.facts['implementation']} {version}", "problem", cure)]
    return [Finding("python", version)]


def look_at_libc(seen: Observed) -> list[Finding]:
    """Look for a C library that the packages run with."""
    name, version = seen.facts["libc"]
    shown = f"{name} {version}".strip() or "unknown"
    if name == "musl":
        cure = "the runtimes have no wheels for musl (Alpine): use a system with glibc, such as Debian"
        return [Finding("C library", shown, "problem", cure)]
    if isinstance(seen.environment, str):
        return [Finding("C library", shown)]
    least = seen.environment.least_glibc
    if name == "glibc" and _numbers(version) < least:
        worst = next(one.file for one in seen.environment.wheels if one.least_glibc == least)
        cure = f"{worst} needs glibc {least[0]}.{least[1]}: update the system"
        return [Finding("C library", shown, "problem", cure)]
    return [Finding("C library", shown)]


def look_at_processor(seen: Observed) -> list[Finding]:
    """Look for what INT8 and FP16 kernels gain from."""
    facts = seen.facts
    name = part_name(facts.get("cpu") or "unknown")
    cores = Finding("processor", f"{name}, {facts['num_cores']} cores")
    if facts.get("has_dot_product") is None:
        return [cores]
    return [
        cores,
        _feature("dot product", facts["has_dot_product"], "INT8 models gain less here than on a Pi 5"),
        _feature("half precision", facts["has_half_precision"], "FP16 models are computed in FP32"),
    ]


def _feature(name: str, is_there: bool, meaning: str) -> Finding:
    return Finding(name, "yes") if is_there else Finding(name, "no", "advice", meaning)


def look_at_pages(seen: Observed) -> list[Finding]:
    """Look for another page size than most machines have."""
    size = seen.facts["page_size"]
    if size == 4096:
        return [Finding("page size", "4 KiB")]
    cure = "compare memory figures with those of machines of this page size alone"
    return [Finding("page size", f"{size // 1024} KiB", "advice", cure)]


def look_at_memory(seen: Observed) -> list[Finding]:
    """Compare memory with what a run needs."""
    total, free = seen.facts.get("ram_bytes"), seen.facts.get("available_bytes")
    if total is None or free is None:
        return []
    shown = f"{total // _MIB} MiB, {free // _MIB} MiB of them available"
    need = f"a run needs about {_LEAST_MEMORY // _MIB} MiB beside large models"
    if free < _LEAST_MEMORY:
        return [Finding("memory", shown, "problem", f"{need}: end other programs, the desktop first")]
    if free < _GOOD_MEMORY:
        return [Finding("memory", shown, "advice", f"{need}: large models may not fit")]
    return [Finding("memory", shown)]


def look_at_swap(seen: Observed) -> list[Finding]:
    """Name swap space."""
    swap, total = seen.facts.get("swap_bytes"), seen.facts.get("ram_bytes")
    if swap is None or total is None:
        return []
    if swap == 0 and total < 1024 * _MIB:
        return [Finding("swap", "none", "advice", "a model that does not fit ends its job, nothing else")]
    return [Finding("swap", f"{swap // _MIB} MiB" if swap else "none")]


def look_at_disk(seen: Observed) -> list[Finding]:
    """Compare free space with what packages and a run need."""
    free, root = seen.facts["free_bytes"], seen.facts["root"]
    is_installed = seen.packages is not None or isinstance(seen.environment, str)
    packages = 0 if is_installed else DISK_FACTOR * seen.environment.size_bytes  # type: ignore[union-attr]
    shown = f"{free // _MIB} MiB free at {root}"
    if free < packages + _RUN_BYTES:
        need = f"{(packages + _RUN_BYTES) // _MIB} MiB are needed, {packages // _MIB} of them for packages"
        return [
            Finding("disk", shown, "problem", f"{need}; make room, or name another `root` in the hosts file")
        ]
    return [Finding("disk", shown)]


def look_at_packages(seen: Observed) -> list[Finding]:
    """Name the runtimes that are there, or would be installed and how."""
    if isinstance(seen.environment, str):
        return []
    if seen.packages is None:
        has_no_pip = seen.facts.get("has_pip") is False
        how = "files sent from here, for it has no pip" if has_no_pip else "its own pip"
        wanted = {"ai-edge-litert": "litert", "onnxruntime": "onnxruntime"}
        named = [f"{wanted[one.name]} {one.version}" for one in seen.environment.wheels if one.name in wanted]
        return [Finding("runtimes", f"not installed yet: {', '.join(named)} by {how}")]
    errors = {name: found["error"] for name, found in seen.packages.items() if "error" in found}
    told = ", ".join(
        f"{name} {found['version']}" for name, found in seen.packages.items() if "version" in found
    )
    found = [Finding("runtimes", told)] if told else []
    cure = (
        f"set it up anew: bench host clean {seen.settings.name}, then bench host setup {seen.settings.name}"
    )
    return found + [Finding(name, error, "problem", cure) for name, error in errors.items()]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
