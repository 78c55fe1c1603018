"""Size metrics of a model file: exact, without statistics."""

from __future__ import annotations

from bench.core.artifact import Artifact
from bench.core.metric import Metric, make_metric


def size_metrics(artifact: Artifact) -> tuple[Metric, ...]:
    """Return the bytes on disk, and the bytes that an over-the-air update would send."""
    return (
        make_metric("size_bytes", float(artifact.size_bytes), count=1),
        make_metric("compressed_bytes", float(artifact.compressed_bytes), count=1),
    )
