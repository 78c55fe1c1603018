"""Fixtures for all tests: the SSH server on loopback, a lease that no other run sees."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ssh_rig import ssh_rig

from bench.wire.lease import LEASE_VARIABLE

__all__ = ["ssh_rig"]


@pytest.fixture(scope="session", autouse=True)
def own_lease(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let tests measure beside other runs on this machine, and those beside them."""
    before = os.environ.get(LEASE_VARIABLE)
    os.environ[LEASE_VARIABLE] = str(tmp_path_factory.mktemp("lease") / "lease")
    yield
    os.environ.pop(LEASE_VARIABLE) if before is None else os.environ.update({LEASE_VARIABLE: before})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need."""
    for item in items:
        if "ssh_rig" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.ssh)
