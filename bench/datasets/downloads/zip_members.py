"""Members of a zip archive to files, each looked at before anything is written."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from bench.datasets.disk_space import require_space
from bench.errors import DataError

# COCO's largest archive holds 118,287 photos.
_MAX_MEMBERS = 200_000
_CHUNK_BYTES = 1 << 20

# Called with the number of members that are there, and of all.
OnMember = Callable[[int, int], None]


def unpack(archive: Path, folder: Path, prefix: str, on_member: OnMember) -> dict[str, int]:
    """Write the members whose names begin with `prefix`; those that are there already are kept.

    Returns:
        The size in bytes of each, by its name below the folder.

    Raises:
        DataError: the archive is damaged, holds none, or holds what no such archive should: paths that lead
            out of the folder, links, names that stand there twice. Nothing is written then.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [one for one in _checked(opened, archive) if one.filename.startswith(prefix)]
            if not members:
                raise DataError(f"{archive}: holds no {prefix}: this is another archive")
            missing = [one for one in members if not _is_there(one, folder)]
            require_space(folder, sum(one.file_size for one in missing))
            for number, one in enumerate(missing, start=1 + len(members) - len(missing)):
                _write(opened, one, folder)
                on_member(number, len(members))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        raise DataError(f"{archive}: is damaged ({problem}): remove it and fetch it again") from problem
    return {one.filename: one.file_size for one in members}


def _checked(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, after a look at every name in it."""
    infos = opened.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise DataError(f"{archive}: holds {len(infos)} members, expected no more than {_MAX_MEMBERS}")
    names: set[str] = set()
    for one in infos:
        problem = _problem(one)
        if problem or one.filename in names:
            raise DataError(
                f"{archive}: member {one.filename!r} {problem or 'stands there twice'}: do not use it"
            )
        names.add(one.filename)
    return [one for one in infos if not one.is_dir()]


def _problem(one: zipfile.ZipInfo) -> str:
    name = one.orig_filename
    parts = PurePosixPath(name).parts
    if "\\" in name or "\0" in name or ":" in name or name.startswith("/") or ".." in parts or not parts:
        return "leads out of the folder"
    kind = stat.S_IFMT(one.external_attr >> 16)
    if kind and not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        return "is a link or a device"
    return "is encrypted" if one.flag_bits & 1 else ""


def _is_there(one: zipfile.ZipInfo, folder: Path) -> bool:
    path = folder / one.filename
    if path.is_symlink() or not path.is_file() or path.stat().st_size != one.file_size:
        return False
    crc = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            crc = zlib.crc32(chunk, crc)
    return crc == one.CRC


def _write(opened: zipfile.ZipFile, one: zipfile.ZipInfo, folder: Path) -> None:
    """Write one member under another name first, so that a file with its name is whole."""
    path = folder / one.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        _copy(opened, one, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _copy(opened: zipfile.ZipFile, one: zipfile.ZipInfo, part: Path) -> None:
    size = 0
    with opened.open(one) as source, open(part, "wb") as target:
        while chunk := source.read(_CHUNK_BYTES):
            size += len(chunk)
            # The directory of an archive may lie about sizes.
            if size > one.file_size:
                raise zipfile.BadZipFile(f"{one.filename} is larger than it says")
            target.write(chunk)
    if size != one.file_size:
        raise zipfile.BadZipFile(f"{one.filename} is shorter than it says")
