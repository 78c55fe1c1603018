"""Judges what was seen of a board: what prevents measuring, what deserves advice, what is good. Pure."""

from __future__ import annotations

from collections.abc import Callable

from bench.hosts.provision import condition, fitness
from bench.hosts.provision.findings import Finding, Observed

# In the order in which people look: can it be reached, is it fit, is it well.
_LOOKS: tuple[Callable[[Observed], list[Finding]], ...] = (
    condition.look_at_connection,
    condition.look_at_lease,
    fitness.look_at_system,
    fitness.look_at_emulation,
    fitness.look_at_python,
    fitness.look_at_libc,
    fitness.look_at_packages,
    fitness.look_at_processor,
    fitness.look_at_pages,
    fitness.look_at_memory,
    fitness.look_at_swap,
    fitness.look_at_disk,
    condition.look_at_clock,
    condition.look_at_supply,
    condition.look_at_throttling,
    condition.look_at_temperature,
    condition.look_at_governor,
    condition.look_at_load,
)


def judge(seen: Observed) -> list[Finding]:
    """Return all findings, none left out that is good."""
    return [finding for look in _LOOKS for finding in look(seen)]
