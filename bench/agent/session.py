"""The session: answers a controller's requests over one byte stream, one after the other, until it ends.

`python -m bench.agent.session ROOT` is what stage zero becomes. It measures nothing and outlives no
connection; jobs belong to the keeper. Standard library only.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.agent.channel import Channel, take_standard_streams
from bench.agent.ops import OPS, OpError
from bench.wire.boot import read_boot_id
from bench.wire.frames import BrokenStreamError, read_frame, write_frame
from bench.wire.shipped import agent_sha256

Answer = dict[str, Any] | tuple[dict[str, Any], bytes]
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Session:
    """One connection.

    Attributes:
        root: the device's folder.
        channel: the stream; operations wait on it, so that a request wakes them.
        state: what operations keep from request to request, by their own names.
    """

    def __init__(self, root: Path, channel: Channel) -> None:
        self.root = root
        self.channel = channel
        self.state: dict[str, Any] = {}
        self._request_id: Any = None

    def progress(self, **values: Any) -> None:
        """Tell the controller how far the present request is."""
        write_frame(self.channel, {"id": self._request_id, "progress": values})

    def serve(self) -> None:
        """Answer requests until the stream ends."""
        write_frame(self.channel, self._ready())
        while True:
            try:
                request, body = read_frame(self.channel)
            except BrokenStreamError:
                return
            self._request_id = request.get("id")
            answer, content = self._answer(request, body)
            write_frame(self.channel, {"id": self._request_id, **answer}, content)
            # A piece of a file is not to be held while the next is waited for.
            del request, body, answer, content

    def _ready(self) -> dict[str, Any]:
        return {"ok": True, "ready": True, "boot_id": read_boot_id(), "agent_sha256": agent_sha256()}

    def _answer(self, request: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            answer = find_op(request.get("op"))(self, request, body)
        except OpError as refusal:
            return {**refusal.values, "ok": False, "kind": refusal.kind, "message": str(refusal)}, b""
        except BrokenPipeError:
            raise
        except OSError as problem:
            kind = "disk_full" if problem.errno in _FULL else "host_error"
            return {"ok": False, "kind": kind, "message": str(problem)}, b""
        except Exception as problem:
            # The one place that catches everything: a fault in one operation must not end the others.
            sys.excepthook(type(problem), problem, problem.__traceback__)
            message = f"{request.get('op')}: {type(problem).__name__}: {problem}"
            return {"ok": False, "kind": "host_error", "message": message}, b""
        values, content = answer if isinstance(answer, tuple) else (answer, b"")
        return {"ok": True, **values}, content


def find_op(name: object) -> Callable[[Session, dict[str, Any], bytes], Answer]:
    """Return the operation of that name.

    Raises:
        OpError: there is none.
    """
    if not isinstance(name, str) or name not in OPS:
        # Only here, as it is seldom wanted and stays in memory while a job measures.
        import difflib

        near = difflib.get_close_matches(str(name), OPS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise OpError("bad_request", f"op: got {name!r}, expected one of {', '.join(OPS)}{hint}")
    module, _, attribute = OPS[name].partition(":")
    op: Callable[[Session, dict[str, Any], bytes], Answer] = getattr(
        importlib.import_module(module), attribute
    )
    return op


def main(arguments: list[str]) -> int:
    """Serve one connection; returns the exit code."""
    # Nothing of ours is anybody else's to read; what is meant for all says so.
    os.umask(0o077)
    channel = take_standard_streams()
    root, controller = Path(arguments[0]), "".join(arguments[1:2])
    begin(root, controller)
    try:
        Session(root, channel).serve()
    except BrokenPipeError:
        # The controller is gone, as it may be at any time.
        return 1
    finally:
        end(root, controller)
    return 0


def begin(root: Path, controller: str) -> None:
    """Take the place of an earlier session, and end what killed ones left, before anything is asked here."""
    # Imported here and below: these refuse in the words of operations, which import this module.
    from bench.agent.job_queue import JobQueue
    from bench.agent.succession import succeed

    try:
        is_continued = succeed(root, controller)
        queue = JobQueue(root)
        queue.settle()
        _give_governor_back(root, is_continued or queue.keeper() is not None)
    except (OpError, OSError) as problem:
        print(f"{root}: {problem}", file=sys.stderr)


def end(root: Path, controller: str) -> None:
    """Leave the machine as it was found, unless jobs go on."""
    from bench.agent.job_queue import JobQueue
    from bench.agent.succession import step_down

    if not root.exists():
        # It was asked to remove everything.
        return
    try:
        step_down(root, controller)
        _give_governor_back(root, JobQueue(root).keeper() is not None)
    except (OpError, OSError) as problem:
        print(f"{root}: {problem}", file=sys.stderr)


def _give_governor_back(root: Path, is_measuring: bool) -> None:
    if (root / "governor.json").exists():
        from bench.agent.governing import restore_if_unused

        restore_if_unused(root, is_measuring)


if __name__ == "__main__":
    # Operations import this module by its name: it must not exist twice.
    from bench.agent.session import main as main_by_name

    sys.exit(main_by_name(sys.argv[1:]))
