"""Whether two boards, or one board then and now, are the same hardware and software. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Rounds of boards that differ in one of these cannot stand in one record.
_HARDWARE = ("board", "cpu", "architecture", "ram_bytes", "num_cores", "page_size")
_SAME_MACHINE = ("cpu", "architecture")

# Boards with as much memory report sizes that differ by what their firmware keeps.
_RAM_SHARE = 0.05

Facts = Mapping[str, Any]


def differences(one: Facts, other: Facts) -> list[str]:
    """Return in what two boards differ that shall repeat each other's rounds; empty for alike ones."""
    hardware = [_told(key, one, other) for key in _HARDWARE if not _is_alike(key, one, other)]
    return [*hardware, *version_changes(one, other)]


def version_changes(one: Facts, other: Facts) -> list[str]:
    """Return the runtimes of which two boards have different versions."""
    before, after = one.get("runtimes", {}), other.get("runtimes", {})
    return [
        f"{name} {before.get(name, 'absent')} and {after.get(name, 'absent')}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def other_machine(before: Facts, now: Facts) -> list[str]:
    """Return what tells that a host is another machine than it was."""
    return [_told(key, before, now) for key in _SAME_MACHINE if before.get(key) != now.get(key)]


def _is_alike(key: str, one: Facts, other: Facts) -> bool:
    before, after = one.get(key), other.get(key)
    if key == "ram_bytes" and before and after:
        return abs(float(before) - float(after)) <= _RAM_SHARE * float(max(before, after))
    return bool(before == after)


def _told(key: str, one: Facts, other: Facts) -> str:
    return f"{key.replace('_', ' ')} {one.get(key)!r} and {other.get(key)!r}"
