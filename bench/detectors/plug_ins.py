"""Decode families that installed packages bring: entry points of the group `bench.families`.

The name of the entry point is the family's name, its value `module:Class` as in the table of the built-in
families. Built-in names are looked up first, so a package cannot take one over. Suites can name such a family
but never bring code of their own.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bench.errors import ModelError

GROUP = "bench.families"

# What a family's class must have to be used; recognising model files is up to it.
_NEEDED = ("OPTIONS", "preset", "candidates")


def plug_in_names() -> list[str]:
    """Return the names of all families that installed packages bring. Imports none of them."""
    return sorted({found.name for found in entry_points(group=GROUP)})


def load_plug_in(name: str) -> Any:
    """Return the class of a package's family; None where no installed package brings that name.

    Raises:
        ModelError: The package is broken, or two packages bring the name.
    """
    found = _find(name)
    if found is None:
        return None
    where = f"family {name!r} of package {_package(found)} ({found.value})"
    try:
        family = found.load()
    except Exception as problem:  # whatever the package's code raises
        raise ModelError(
            f"{where} cannot be loaded: {type(problem).__name__}: {problem}; mend, update or uninstall it"
        ) from problem
    missing = [attribute for attribute in _NEEDED if not hasattr(family, attribute)]
    if missing:
        raise ModelError(
            f"{where} is no decode family: it lacks {', '.join(missing)}; expected a class like "
            "bench.detectors.families.yolov8:Yolov8"
        )
    return family


def origin_of(name: str) -> str:
    """Return package and version that a family comes from on this machine; empty for a built-in one."""
    from bench.detectors.families.base import FAMILIES

    found = None if name in FAMILIES else _find(name)
    return "" if found is None else _package(found)


def _find(name: str) -> EntryPoint | None:
    found = list(entry_points(group=GROUP, name=name))
    # An installation may be seen twice, by two paths to one folder.
    if len({point.value for point in found}) > 1:
        packages = " and ".join(sorted(f"{_package(point)} ({point.value})" for point in found))
        raise ModelError(f"family {name!r} is brought by {packages}; uninstall one of them")
    return found[0] if found else None


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "of unknown name"
