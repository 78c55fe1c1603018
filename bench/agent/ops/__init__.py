"""What a session can be asked, by name; each operation is imported when it is first asked for.

An operation is `def op(session, request, body)`; it returns the answer, or the answer and raw bytes behind
it, and raises `OpError` where it must refuse. Standard library only: no package is installed yet.
"""

from __future__ import annotations

from typing import Any

# name -> plug-in
OPS: dict[str, str] = {
    "hello": "bench.agent.ops.ping:ping",
    "ping": "bench.agent.ops.ping:ping",
    "have": "bench.agent.ops.files:have",
    "put": "bench.agent.ops.files:put",
    "put_batch": "bench.agent.ops.batches:put_batch",
    "fetch": "bench.agent.ops.results:fetch",
    "governor": "bench.agent.ops.governor:governor",
    "start": "bench.agent.ops.jobs:start",
    "jobs": "bench.agent.ops.jobs:jobs",
    "ended": "bench.agent.ops.jobs:ended",
    "forget": "bench.agent.ops.jobs:forget",
    "stop": "bench.agent.ops.jobs:stop",
    "events": "bench.agent.ops.news:events",
    "facts": "bench.agent.ops.facts:facts",
    "lease": "bench.agent.ops.lease:lease",
    "tidy": "bench.agent.ops.tidy:tidy",
    "survey": "bench.agent.ops.survey:survey",
    "runtimes": "bench.agent.ops.runtimes:runtimes",
    "install": "bench.agent.ops.install:install",
    "uninstall": "bench.agent.ops.uninstall:uninstall",
}

# host_error: the device cannot; disk_full: it has no room; busy: another session or job is in the way;
# unknown_job: it was never started or is forgotten; bad_request: the two sides do not fit.
KINDS = ("host_error", "disk_full", "busy", "unknown_job", "bad_request")


class OpError(Exception):
    """An operation is refused.

    Attributes:
        kind: one of `KINDS`.
        values: further ones for the answer.
    """

    def __init__(self, kind: str, message: str, **values: Any) -> None:
        super().__init__(message)
        self.kind = kind
        self.values = values
