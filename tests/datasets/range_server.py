"""An HTTP server on loopback that serves bytes from memory, with the faults that real servers have."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Server:
    """What is served, what went wrong on purpose, and what was asked.

    Attributes:
        files: path -> content.
        break_after: number of bytes of each answer's body after which the connection is cut; one entry an
            answer, None for none.
        statuses: codes that the next answers have, instead of a body.
        requests: (path, Range header) of each request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    knows_ranges: bool = True
    minds_if_range: bool = True
    tag: str = '"v1"'
    says_length: bool = True
    says_version: bool = True
    redirect: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Serve while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(server, self)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Say nothing of clients that hang up; that is what some tests are about."""

    http = Quiet(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def _answer(server: Server, handler: BaseHTTPRequestHandler) -> None:
    wanted = handler.headers["Range"] or ""
    server.requests.append((handler.path, wanted))
    handler.close_connection = True
    if server.redirect:
        handler.send_response(302)
        handler.send_header("Location", server.redirect)
        handler.send_header("Content-Length", "0")
        return handler.end_headers()
    content = server.files.get(handler.path)
    status = server.statuses.pop(0) if server.statuses else 404 if content is None else 200
    if status != 200 or content is None:
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        return handler.end_headers()
    start = _start(server, handler, wanted)
    if start > len(content) or (start and start == len(content)):
        handler.send_response(416)
        handler.send_header("Content-Length", "0")
        return handler.end_headers()
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    if server.says_version:
        handler.send_header("ETag", server.tag)
    if server.says_length:
        handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    cut = server.break_after.pop(0) if server.break_after else None
    handler.wfile.write(content[start:] if cut is None else content[start : start + cut])
    return None


def _start(server: Server, handler: BaseHTTPRequestHandler, wanted: str) -> int:
    condition = handler.headers["If-Range"]
    if not wanted or not server.knows_ranges:
        return 0
    if server.minds_if_range and condition and condition != server.tag:
        return 0
    return int(wanted.removeprefix("bytes=").rstrip("-"))
