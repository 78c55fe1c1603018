"""The first words of a device: what its login scripts print is skipped, unfit systems are refused."""

from __future__ import annotations

from typing import Any

from bench.errors import HostError
from bench.wire.frames import BrokenStreamError, Readable
from bench.wire.remote import MARKER, MAX_NOISE_BYTES

_QUOTED_CHARACTERS = 200
# The lowest that the agent runs on.
_PYTHON = (3, 11)


def read_until_marker(stream: Readable, destination: str) -> None:
    """Skip all bytes up to and including the line that is the marker.

    Raises:
        BrokenStreamError: the stream ended before.
        HostError: something else is printed without an end.
    """
    end, seen = b"\n" + MARKER, bytearray()
    while not seen.endswith(end):
        # One byte at a time: what follows the marker are frames.
        part = stream.read(1)
        if not part:
            raise BrokenStreamError(f"the session did not begin{_quote(seen)}")
        seen += part
        if len(seen) > MAX_NOISE_BYTES:
            raise HostError(
                f"{destination}: its login scripts print more than {MAX_NOISE_BYTES} bytes{_quote(seen)}; "
                "let .bashrc, .profile or .zshenv print only in interactive shells"
            )


def check_hello(destination: str, hello: dict[str, Any]) -> None:
    """Refuse a device that cannot run the agent or has no runtime's packages.

    Raises:
        HostError: with the reason and what to do.
    """
    if hello.get("ok") is False:
        raise HostError(f"{destination}: {hello.get('message')}")
    if hello["bits"] < 64:
        raise HostError(
            f"{destination}: is a {hello['bits']}-bit system ({hello['machine']}), and LiteRT and ONNX "
            "Runtime have no packages for those; install the 64-bit Raspberry Pi OS (a Pi 3, 4, 5 or Zero 2 "
            "runs it)"
        )
    version = tuple(hello["python"])
    if version < _PYTHON:
        raise HostError(
            f"{destination}: its python3 is {'.'.join(map(str, version))}, expected 3.11 or later; install "
            "Raspberry Pi OS bookworm or later"
        )


def _quote(seen: bytearray) -> str:
    text = bytes(seen[-_QUOTED_CHARACTERS:]).decode(errors="replace").strip()
    return f" (it printed {text!r})" if text else ""
