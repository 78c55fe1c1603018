"""Stage zero: the first program on a device. Makes the root folder, takes the agent in and hands over to it.

It is sent as text to a Python of which nothing is known yet, so it uses the standard library alone, imports
nothing of this project, and keeps to the syntax of Python 3.6: an old Python shall say how old it is. Judging
that is left to the controller, which reads the hello; `bench.wire.remote` tells how the stream begins.

Talk: frame {root, agent, controller} in; marker and hello frame out; frame {body: archive, or empty where the
hello says `has_agent`} in; then `bench.agent.session` goes on with the same stream, or a frame {ok: false}
says why not.
"""

import errno
import hashlib
import json
import os
import struct
import sys
import time

MARKER = b"detector-bench stage zero 1\n"
# The archive is under 200 kB; what unpacks to more than this is none of ours.
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MANIFEST = "manifest.json"
# Marks the root as ours, and as a cache that backups may leave out; the signature is bford.info/cachedir's.
TAG_NAME = "CACHEDIR.TAG"
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n# Made by detector-bench; `bench host clean` removes it.\n"
)


class RefusalError(Exception):
    """The device cannot go on; the message is for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Greet, take the agent in if it is not there, and become the session."""
    settings, _ = read_frame()
    digest = settings["agent"]
    try:
        root = make_root(settings.get("root", ""))
        folder = os.path.join(root, "agent", digest[:16])
        greet({"ok": True, "root": root, "has_agent": is_whole(folder)})
        _, archive = read_frame()
        if archive:
            take_in(archive, digest, folder)
        become_session(root, folder, settings.get("controller", ""))
    except RefusalError as refusal:
        answer_no(refusal.kind, str(refusal))
    except OSError as problem:
        is_full = problem.errno in (errno.ENOSPC, errno.EDQUOT)
        answer_no("disk_full" if is_full else "host_error", str(problem))


def read_frame() -> "tuple[dict, bytes]":  # type: ignore[type-arg]
    """Receive one frame, byte for byte: what follows belongs to the session."""
    (length,) = struct.unpack(">I", read_exactly(4))
    header = json.loads(read_exactly(length).decode())
    return header, read_exactly(header["body"])


def read_exactly(size: int) -> bytes:
    """Return that many bytes of standard input; the end of it ends this program, for nobody listens."""
    parts = b""
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part:
            sys.exit(1)
        parts += part
    return parts


def write_frame(header: "dict[str, object]", before: bytes = b"") -> None:
    """Send one frame without a body."""
    text = json.dumps(dict(header, body=0)).encode()
    rest = before + struct.pack(">I", len(text)) + text
    while rest:
        rest = rest[os.write(1, rest) :]


is_greeted = False


def greet(values: "dict[str, object]") -> None:
    """Send the marker and the hello: what this Python and this machine are."""
    global is_greeted
    is_greeted = True
    hello = {
        "python": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "machine": os.uname().machine,
        "system": os.uname().sysname,
        "boot_id": read_boot_id(),
        "time": time.time(),
    }  # type: dict[str, object]
    hello.update(values)
    # A shell's greeting may lack its last line feed.
    write_frame(hello, b"\n" + MARKER)


def answer_no(kind: str, message: str) -> None:
    """Say why it does not go on: in the hello, or behind it."""
    refusal = {"ok": False, "kind": kind, "message": message}  # type: dict[str, object]
    if is_greeted:
        write_frame(refusal)
    else:
        greet(dict(refusal, root="", has_agent=False))


def read_boot_id() -> "str | None":
    """Return the kernel's random id of this boot, or None."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return None


def make_root(asked: str) -> str:
    """Return the root folder, symbolic links resolved; made for this user alone where it is absent."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):
        cache = "~/.cache"
    root = os.path.expanduser(asked or os.path.join(cache, "detector-bench"))
    root = os.path.realpath(os.path.join(os.path.expanduser("~"), root))
    try:
        make_folders(root)
        protect(root)
        mark(root, is_own=not asked)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RefusalError("host_error", f"{root}: cannot be used as the root folder: {problem}") from problem
    return root


def make_folders(path: str) -> None:
    """Make a folder and those above it; the folder itself is closed to others."""
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            # Another session made it in the same moment, or a file is in the way.
            os.listdir(path)


def protect(root: str) -> None:
    """Hold that nobody else may write there: what lies there is executed."""
    found = os.stat(root)
    if found.st_uid != os.geteuid():
        raise RefusalError("host_error", f"{root}: belongs to another user; name another `root`")
    if found.st_mode & 0o022:
        os.chmod(root, found.st_mode & 0o7755)
    if not os.access(root, os.W_OK | os.X_OK):
        raise RefusalError("host_error", f"{root}: nothing can be written there; name another `root`")


def mark(root: str, is_own: bool) -> None:
    """Mark the root as ours; a folder in which others keep things is none for us, for `clean` empties it."""
    tag, names = os.path.join(root, TAG_NAME), os.listdir(root)
    if TAG_NAME in names:
        with open(tag) as file:
            is_own = "detector-bench" in file.read(4096)
    elif is_own or not names:
        with open(tag, "w") as file:
            file.write(TAG)
        return
    if not is_own:
        raise RefusalError("host_error", f"{root}: holds things of others; name a new folder as `root`")


def is_whole(folder: str) -> bool:
    """Tell whether an unpacked agent is there with the very files that were unpacked."""
    try:
        with open(os.path.join(folder, MANIFEST)) as file:
            return bool(json.load(file) == content_of(folder))
    except (OSError, ValueError):
        return False


def content_of(folder: str) -> "dict[str, str]":
    """Return name -> sha256 of all files but the manifest and what Python compiled."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = os.path.join(place, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    found.pop(MANIFEST, None)
    return found


def take_in(archive: bytes, digest: str, folder: str) -> None:
    """Unpack the archive beside its place and move it there whole."""
    import shutil

    if hashlib.sha256(archive).hexdigest() != digest:
        raise RefusalError("host_error", "the agent's archive was damaged on its way; connect again")
    scratch = f"{folder}.{os.getpid()}.scratch"
    os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
    sweep(os.path.dirname(folder))
    try:
        unpack(archive, scratch)
        with open(os.path.join(scratch, MANIFEST), "w") as file:
            json.dump(content_of(scratch), file)
        move_in(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def sweep(place: str) -> None:
    """Remove what killed ones left half unpacked."""
    import shutil

    for name in os.listdir(place):
        parts = name.split(".")
        if len(parts) > 2 and parts[1].isdigit() and not os.path.exists(f"/proc/{parts[1]}"):
            shutil.rmtree(os.path.join(place, name), ignore_errors=True)


def unpack(archive: bytes, folder: str) -> None:
    """Write the regular files of an archive below a new folder; anything else in it is refused."""
    import io
    import tarfile

    os.mkdir(folder, 0o700)
    num_bytes = 0
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as members:
        for member in members:
            if member.isdir():
                continue
            num_bytes += member.size
            names = member.name.split("/")
            is_plain = not os.path.isabs(member.name) and not set(names) & {"", ".", ".."}
            if not member.isreg() or not is_plain or num_bytes > MAX_UNPACKED_BYTES:
                raise RefusalError(
                    "host_error", f"the agent's archive holds {member.name!r}, which it must not"
                )
            path = os.path.join(folder, *names)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            content = members.extractfile(member)
            with open(path, "wb") as file:
                file.write(content.read() if content else b"")


def move_in(scratch: str, folder: str) -> None:
    """Give the new folder its name; a damaged one in its place goes, an equal one stays."""
    import shutil

    if os.path.isdir(folder) and not is_whole(folder):
        broken = scratch + ".broken"
        os.rename(folder, broken)
        shutil.rmtree(broken, ignore_errors=True)
    try:
        os.rename(scratch, folder)
    except OSError:
        # Another session was quicker.
        if not is_whole(folder):
            raise


def become_session(root: str, folder: str, controller: str) -> None:
    """Replace this program by the session, which finds the rest of the stream untouched."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONPATH"] = folder
    command = [sys.executable, "-P", "-s", "-m", "bench.agent.session", root, controller]
    os.execve(sys.executable, command, environment)


if __name__ == "__main__":
    main()
