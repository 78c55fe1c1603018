"""Fixtures for all tests: the SSH server on loopback."""

from __future__ import annotations

import pytest
from ssh_rig import ssh_rig

__all__ = ["ssh_rig"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need."""
    for item in items:
        if "ssh_rig" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ssh)
