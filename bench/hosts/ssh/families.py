"""Decode families of installed packages, made ready to travel: their Python files and a minimal dist-info.

The device finds them as this machine does, by the entry points of its import path. A package that needs more
than its own Python files is left out, with the reason.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path

from bench.detectors.plug_ins import GROUP

# Of one package; a family is one file of a few thousand bytes.
MAX_PACKAGE_BYTES = 256 * 1024
# Files of machine code, which are of this machine's kind.
_COMPILED = (".so", ".pyd", ".dylib")
# What a device has besides the runtime.
_ON_DEVICES = ("numpy", "pillow", "psutil", "detector-precision-bench")


@dataclass(frozen=True)
class ShippedFamilies:
    """What of the installed packages goes to devices.

    Attributes:
        files: by their place in the archive.
        left_out: reasons by family.
    """

    files: dict[str, bytes]
    left_out: dict[str, str]


class _UnfitError(Exception):
    """A package cannot travel; the message says why."""


def shipped_families() -> ShippedFamilies:
    """Collect the families of all installed packages."""
    files: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            files |= _files_of(point)
        except (_UnfitError, OSError) as problem:
            left_out[point.name] = f"family {point.name!r} cannot be brought to devices: {problem}"
    return ShippedFamilies(files, left_out)


def _files_of(point: EntryPoint) -> dict[str, bytes]:
    if point.dist is None:
        raise _UnfitError("its package has no metadata; install it with pip")
    _check_requirements(point.dist)
    files = _read_module(point.module.split(".")[0])
    if sum(map(len, files.values())) > MAX_PACKAGE_BYTES:
        raise _UnfitError(
            f"its package is larger than {MAX_PACKAGE_BYTES} bytes; put the family in a package of its own"
        )
    return files | _metadata(point.dist)


def _check_requirements(package: Distribution) -> None:
    """Refuse what imports packages that no device has; optional extras do not count."""
    needed = [line for line in package.requires or () if "extra ==" not in line]
    names = [re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in needed]
    unknown = [name for name in names if re.sub(r"[-_.]+", "-", name) not in _ON_DEVICES]
    if unknown:
        raise _UnfitError(
            f"{package.name} requires {', '.join(unknown)}, expected only numpy and bench itself"
        )


def _read_module(name: str) -> dict[str, bytes]:
    """Return the source files of a top-level module or package, by their place below an import path."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise _UnfitError(f"{name} is no module of Python source")
    origin = Path(spec.origin)
    if spec.submodule_search_locations is None:
        return {origin.name: origin.read_bytes()}
    folder = origin.parent
    compiled = [path.name for path in folder.rglob("*") if path.suffix in _COMPILED]
    if compiled:
        raise _UnfitError(f"{name} holds compiled code ({compiled[0]}), which is made for this machine")
    found = sorted(folder.rglob("*.py"))
    return {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in found}


def _metadata(package: Distribution) -> dict[str, bytes]:
    folder = f"{re.sub(r'[^A-Za-z0-9.]+', '_', package.name)}-{package.version}.dist-info"
    points = sorted(point for point in package.entry_points if point.group == GROUP)
    lines = [f"[{GROUP}]", *(f"{point.name} = {point.value}" for point in points), ""]
    about = f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
    return {
        f"{folder}/METADATA": about.encode(),
        f"{folder}/entry_points.txt": "\n".join(lines).encode(),
    }
