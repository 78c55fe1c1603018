"""Artifacts on demand: requests, their keys, the store that caches them, and the process that builds.

Conversion itself is in `bench.quantize`. Importing this package imports no framework.
"""

from bench.building.controller import build_artifacts
from bench.building.keys import build_key
from bench.building.outcome import BuildFailure
from bench.building.request import BuildRequest
from bench.building.store import ArtifactStore, default_store_root

__all__ = [
    "ArtifactStore",
    "BuildFailure",
    "BuildRequest",
    "build_artifacts",
    "build_key",
    "default_store_root",
]
