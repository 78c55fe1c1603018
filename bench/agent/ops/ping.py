"""Whether the session is there, and which boot and time the device has."""

from __future__ import annotations

import time
from typing import Any

from bench.agent.session import Session
from bench.wire.boot import read_boot_id


def ping(session: Session, request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Answer with the device's wall clock, seconds since 1970, and its boot."""
    return {"time": time.time(), "boot_id": read_boot_id()}
