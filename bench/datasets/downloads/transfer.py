"""One HTTP exchange: what a server answers to a request for a file, from some byte on. Writes nothing."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, Any
from urllib.parse import urlsplit

import bench
from bench.errors import DataError, UsageError

# A server that sends nothing for so long is taken for gone.
_TIMEOUT_SECONDS = 30.0
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_RETRIED = (408, 429, 500, 502, 503, 504)


class BrokenError(Exception):
    """The exchange broke or the server was busy: it is worth another try."""


class UnsatisfiableError(Exception):
    """The server has no bytes from there on: what is there is not the beginning of its file."""


@dataclass(frozen=True)
class Answer:
    """What a server answers.

    Attributes:
        url: that was asked for; `body`: the bytes from `offset` on.
        offset: 0 where the server sends the whole file, whatever was asked for.
        total: bytes of the whole file; -1 where it does not say.
        validator: what names this version of the file (a strong ETag, or its date); empty if nothing does.
        is_framed: the end of the body shows (a length or chunks), so that a broken one is recognised.
    """

    url: str
    body: IO[bytes]
    offset: int
    total: int
    validator: str
    is_framed: bool

    def read(self, num_bytes: int) -> bytes:
        """Return the next bytes; none at the end, be it early or not.

        Raises:
            BrokenError: the connection broke.
        """
        try:
            return self.body.read(num_bytes)
        except (HTTPException, OSError) as problem:
            raise BrokenError(f"{self.url}: the connection broke ({_cause(problem)})") from problem


@contextmanager
def request(url: str, offset: int = 0, validator: str = "") -> Iterator[Answer]:
    """Ask for a file, from `offset` on if it still is the version that `validator` names.

    Raises:
        DataError: the server refuses.
        BrokenError: it cannot be reached, or is busy: trying again may help.
        UnsatisfiableError: there is nothing from `offset` on.
    """
    headers = {"User-Agent": f"detector-precision-bench/{bench.__version__}", "Accept-Encoding": "identity"}
    if offset:
        headers |= {"Range": f"bytes={offset}-"} | ({"If-Range": validator} if validator else {})
    try:
        response = _opener().open(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as problem:
        raise _refusal(url, problem) from problem
    except urllib.error.URLError as problem:
        raise BrokenError(f"{url}: cannot be reached ({_cause(problem.reason)})") from problem
    except (HTTPException, OSError) as problem:
        raise BrokenError(f"{url}: the connection broke ({_cause(problem)})") from problem
    # What goes wrong with the bytes afterwards (a full disk) is none of the connection's faults.
    with response:
        yield _answer(url, response, offset)


def check_url(url: str) -> str:
    """Return an address if it is one of http or https.

    Raises:
        UsageError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"got the address {url!r}, expected one that begins with http:// or https://")
    return url


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for http and https alone: a redirection to a file or to ftp is not followed."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _answer(url: str, response: Any, offset: int) -> Answer:
    headers = response.headers
    length = int(headers["Content-Length"]) if (headers["Content-Length"] or "").isdigit() else -1
    is_chunked = (headers["Transfer-Encoding"] or "").lower() == "chunked"
    total, start = length, 0
    if response.status == 206:
        found = _RANGE.fullmatch(headers["Content-Range"] or "")
        if not found or int(found[1]) != offset:
            raise UnsatisfiableError(f"the server sent the range {headers['Content-Range']!r}")
        start = offset
        total = int(found[3]) if found[3] != "*" else (offset + length if length >= 0 else -1)
    tag = headers["ETag"] or ""
    # A weak tag does not promise the same bytes (RFC 9110, section 8.8.1).
    validator = tag if tag.startswith('"') else (headers["Last-Modified"] or "")
    return Answer(url, response, start, total, validator, is_chunked or length >= 0)


def _refusal(url: str, problem: urllib.error.HTTPError) -> Exception:
    if problem.code == 416:
        return UnsatisfiableError(str(problem))
    if problem.code in _RETRIED:
        return BrokenError(f"{url}: the server answers {problem.code} ({problem.reason})")
    return DataError(
        f"{url}: the server answers {problem.code} ({problem.reason}): the address may have changed, or need "
        "another server: name a mirror with --mirror URL"
    )


def _cause(problem: object) -> str:
    return getattr(problem, "strerror", None) or str(problem) or type(problem).__name__
