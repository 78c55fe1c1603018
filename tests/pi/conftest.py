"""The emulated Pi of this folder's tests: one machine for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator import EmulatedPi, missing_packages
from pi_image import ImageError


@pytest.fixture(scope="session")
def pi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedPi]:
    """A machine that runs; skipped with the reason where none can be emulated."""
    if missing := missing_packages():
        pytest.skip(f"not installed: the Debian packages {', '.join(missing)}")
    try:
        machine = EmulatedPi(tmp_path_factory.mktemp("pi"))
    except ImageError as error:
        pytest.skip(f"no image of a Pi: {error}")
    try:
        machine.start()
        yield machine
    finally:
        machine.close()
