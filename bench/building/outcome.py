"""What becomes of a request that gave no artifact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BuildFailure:
    """Why there is no artifact.

    Attributes:
        is_unavailable: the combination cannot be made at all; otherwise building broke.
        stderr_tail: the last lines that the building process wrote while it was at this request.
    """

    reason: str
    stderr_tail: tuple[str, ...] = ()
    is_unavailable: bool = False
