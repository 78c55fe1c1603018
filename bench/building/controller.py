"""From requests to artifacts: what is cached is found, the rest is built in processes that may die.

Requests of one model share a process, because loading TensorFlow takes seconds. When a request crashes or
hangs, the process is replaced and goes on with the requests after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.building.keys import build_key
from bench.building.outcome import BuildFailure
from bench.building.request import BuildRequest
from bench.building.session import Session
from bench.building.store import ArtifactStore
from bench.core.artifact import Artifact
from bench.quantize.availability import availability

OnEvent = Callable[[dict[str, Any]], None]
Outcome = Artifact | BuildFailure

# Training 200 steps of a large detector on two cores takes about this long.
TIMEOUT_SECONDS = 1800.0


def build_artifacts(
    requests: Iterable[BuildRequest],
    store: ArtifactStore,
    folder: Path,
    timeout_seconds: float = TIMEOUT_SECONDS,
    on_event: OnEvent = lambda event: None,
    memory_limit_bytes: int = 0,
) -> dict[str, Outcome]:
    """Find or build the artifacts of requests.

    Args:
        folder: for requests, journals and logs of the building processes.
        timeout_seconds: that one request may take.
        on_event: receives each journal event of the builders as it comes, with the request's `key`.
        memory_limit_bytes: address space that a building process may have; 0 for no limit. TensorFlow alone
            maps several GiB.

    Returns:
        `build_key` of each request -> its artifact, or why there is none. Nothing here raises for a request
        that fails.
    """
    outcomes: dict[str, Outcome] = {}
    missing: dict[str, BuildRequest] = {}
    for request in requests:
        key = build_key(request)
        outcome = _known(request, key, store)
        if outcome is None:
            missing[key] = request
        else:
            outcomes[key] = outcome
    for number, group in enumerate(_by_model(missing)):
        session = Session(store, folder / f"model-{number:02}", timeout_seconds, on_event, memory_limit_bytes)
        outcomes.update(session.build(group))
    return outcomes


def _known(request: BuildRequest, key: str, store: ArtifactStore) -> Outcome | None:
    """Return what needs no building: cached artifacts, and combinations that cannot be made."""
    if request.recipe is not None:
        reason = availability(request.source.kind, request.recipe, request.runtime)
        if reason:
            return BuildFailure(reason, is_unavailable=True)
    return store.find(key)


def _by_model(requests: dict[str, BuildRequest]) -> list[dict[str, BuildRequest]]:
    """Group requests by their model; given files, which need no framework, are one group."""
    groups: dict[str, dict[str, BuildRequest]] = {}
    for key, request in requests.items():
        is_given = request.recipe is None
        model = "given" if is_given else f"{request.source.kind} {request.source.path}"
        groups.setdefault(model, {})[key] = request
    return list(groups.values())
