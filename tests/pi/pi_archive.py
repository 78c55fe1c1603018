"""Archives of an initial RAM disk: cpio in the `newc` form, which the kernel unpacks at boot."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass

_FOLDER, _FILE = 0o040000, 0o100000


@dataclass(frozen=True)
class Entry:
    """A file, or a folder where `content` is None."""

    name: str
    content: bytes | None = None
    permissions: int = 0o755


def pack(entries: Iterable[Entry]) -> bytes:
    """Return a compressed archive. Several of them one behind the other are unpacked in turn."""
    members = [*entries, Entry("TRAILER!!!", b"", 0)]
    return gzip.compress(b"".join(_member(i, entry) for i, entry in enumerate(members, 1)), 6, mtime=0)


def _member(inode: int, entry: Entry) -> bytes:
    name, content = entry.name.encode() + b"\0", entry.content or b""
    kind = _FOLDER if entry.content is None else _FILE
    # inode, mode, owner, group, links, time, size, device (4 numbers), length of the name, checksum (unused)
    fields = (inode, kind | entry.permissions, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(header + name) + _padded(content)


def _padded(block: bytes) -> bytes:
    return block + b"\0" * (-len(block) % 4)
