"""Stage zero and the session over plain pipes: greeting, taking the agent in, files, refusals."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from session_client import STAGE_ZERO, RefusedError, SessionClient, pack

from bench.agent import stage_zero
from bench.wire.frames import BrokenStreamError, read_frame
from bench.wire.remote import MARKER, PIECE_BYTES, REMOTE_COMMAND
from bench.wire.shipped import agent_sha256


@pytest.fixture(scope="module")
def archive() -> bytes:
    return pack()


@pytest.fixture(scope="module")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("device") / "root"


@pytest.fixture
def client(shared_root: Path, archive: bytes) -> Iterator[SessionClient]:
    with SessionClient(shared_root, archive) as client:
        yield client


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_stage_zero_is_python_3_6() -> None:
    tree = ast.parse(STAGE_ZERO.read_text(encoding="utf-8"), feature_version=(3, 6))
    # Not syntax, but just as fatal there.
    names = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert not names


def test_stage_zero_and_the_controller_agree_on_the_marker() -> None:
    assert repr(MARKER).replace("'", '"')[1:] in STAGE_ZERO.read_text(encoding="utf-8")


def test_the_remote_command_holds_nothing_that_a_shell_replaces() -> None:
    assert REMOTE_COMMAND.count("'") == 2
    assert not set(REMOTE_COMMAND) & set("\\`$!\n~")


def test_the_first_connection_brings_the_agent_and_the_second_finds_it(
    tmp_path: Path, archive: bytes
) -> None:
    root = tmp_path / "new" / "root"
    with SessionClient(root, archive) as first:
        assert not first.hello["has_agent"]
        assert first.hello["bits"] == 64
        assert first.hello["machine"] == os.uname().machine
    with SessionClient(root, archive) as second:
        assert second.hello["has_agent"]
        unpacked = root / "agent" / digest_of(archive)[:16] / "bench"
        assert second.ready["agent_sha256"] == agent_sha256(unpacked)
    assert root.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (root / "agent").iterdir()] == [digest_of(archive)[:16]]


def test_an_agent_that_was_changed_on_the_device_is_replaced(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive):
        pass
    source = tmp_path / "root" / "agent" / digest_of(archive)[:16] / "bench" / "errors.py"
    source.write_text("raise SystemExit('changed')")
    with SessionClient(tmp_path / "root", archive) as again:
        assert not again.hello["has_agent"]
        assert again.ask("ping")["boot_id"] == again.hello["boot_id"]


def old_pythons() -> list[str]:
    """Return interpreters that are too old for the agent, where this machine has some."""
    found = [shutil.which(f"python3.{minor}") for minor in range(6, 11)]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += map(str, versions.glob("3.[6-9].*/bin/python3"))
    found += map(str, versions.glob("3.10.*/bin/python3"))
    return [path for path in found if path and subprocess.run([path, "-c", ""], check=False).returncode == 0]


def test_an_old_python_says_how_old_it_is(tmp_path: Path, archive: bytes) -> None:
    pythons = old_pythons()
    if not pythons:
        pytest.skip("this machine has no Python that is too old")
    for number, python in enumerate(pythons):
        program = tmp_path / f"{number}" / "python3"
        program.parent.mkdir()
        program.symlink_to(python)
        client = SessionClient.__new__(SessionClient)
        with pytest.raises((RefusedError, BrokenStreamError)):
            client.__init__(  # type: ignore[misc]
                tmp_path / "root", archive, environment={"PATH": f"{program.parent}:{os.environ['PATH']}"}
            )
        assert client.hello["ok"] and [3, 6] <= client.hello["python"][:2] < [3, 11]
        client.close()


def test_a_32_bit_python_is_told_by_its_bits(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    stage_zero.greet({"ok": True})
    said = capfdbinary.readouterr().out
    hello, _ = read_frame(io.BytesIO(said[said.index(MARKER) + len(MARKER) :]))
    assert hello["bits"] == 32


def test_two_first_connections_at_once_both_get_the_agent(tmp_path: Path, archive: bytes) -> None:
    with ThreadPoolExecutor(4) as pool:
        clients = list(pool.map(lambda _: SessionClient(tmp_path / "root", archive), range(4)))
    for client in clients:
        assert client.ask("ping")["ok"]
        client.close()
    assert [path.name for path in (tmp_path / "root" / "agent").iterdir()] == [digest_of(archive)[:16]]


def test_what_a_killed_stage_zero_left_is_swept(tmp_path: Path, archive: bytes) -> None:
    left = tmp_path / "root" / "agent" / "0123456789abcdef.999999999.scratch"
    with SessionClient(tmp_path / "root", archive):
        pass
    left.mkdir()
    shutil.rmtree(tmp_path / "root" / "agent" / digest_of(archive)[:16])
    with SessionClient(tmp_path / "root", archive):
        assert not left.exists()


def test_nothing_below_the_root_is_for_others(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive) as client:
        client.put(b"photo", ".jpg")
        task = {"job": {"id": "a"}, "timeout_seconds": 10}
        client.ask("start", tasks=[task], python=sys.executable)
        client.follow("a")
    open_to_others = [path for path in (tmp_path / "root").rglob("*") if path.stat().st_mode & 0o077]
    # What Python compiled for itself lies below folders that are closed.
    assert [
        path for path in open_to_others if "__pycache__" not in path.parts and "agent" not in path.parts
    ] == [path for path in open_to_others if path.name == "CACHEDIR.TAG"]


def test_a_root_with_somebody_elses_things_is_refused(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "letters").write_text("dear ...")
    with pytest.raises(RefusedError, match="name a new folder"):
        SessionClient(tmp_path, archive)
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away needs root")
def test_a_root_of_another_user_is_refused(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "root").mkdir()
    os.chown(tmp_path / "root", 65534, 65534)
    with pytest.raises(RefusedError, match="belongs to another user"):
        SessionClient(tmp_path / "root", archive)


def test_a_root_that_others_could_write_to_is_closed_to_them(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root").chmod(0o777)
    with SessionClient(tmp_path / "root", archive):
        assert (tmp_path / "root").stat().st_mode & 0o022 == 0


def test_a_new_connection_of_a_controller_ends_its_old_one(tmp_path: Path, archive: bytes) -> None:
    content, me = b"shared" * 100, "0123456789abcdef" * 2
    values: dict[str, Any] = {"sha256": digest_of(content), "size": len(content)}
    with SessionClient(tmp_path / "root", archive, controller=me) as old:
        old.ask("put", content[:100], offset=0, **values)
        with SessionClient(tmp_path / "root", archive, controller=me) as new:
            assert old.process.wait(5) == -signal.SIGTERM
            assert new.ask("put", content[100:], offset=100, **values)["whole"]
            with SessionClient(tmp_path / "root", archive, controller="f" * 32):
                assert new.ask("ping")["ok"]
    assert not list((tmp_path / "root" / "sessions").iterdir())


def test_a_session_that_was_asked_nothing_makes_nothing(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive) as client:
        assert client.ask("jobs")["jobs"] == []
    assert {path.name for path in (tmp_path / "root").iterdir()} == {"CACHEDIR.TAG", "agent"}


def test_a_controllers_id_is_no_path(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive, controller="../../x") as client:
        assert client.ask("ping")["ok"]
    assert not (tmp_path / "x").exists()


def test_files_that_a_power_cut_damaged_are_found_by_their_hash(tmp_path: Path, archive: bytes) -> None:
    root = tmp_path / "root"
    with SessionClient(root, archive) as client:
        good, bad = client.put(b"good", ".jpg")["path"], client.put(b"bad!", ".jpg")["path"]
        files = [[digest_of(content), 4, ".jpg"] for content in (b"good", b"bad!")]
        (root / bad).write_bytes(b"\0\0\0\0")
        # On the same boot nothing is hashed again.
        assert client.ask("have", files=files)["missing"] == []
        (root / "unsynced.json").write_text('{"boot_id": "another boot"}')
        assert client.ask("have", files=files)["missing"] == [digest_of(b"bad!")]
        assert (root / good).exists() and not (root / bad).exists()
        client.put(b"bad!", ".jpg")
        client.ask("start", tasks=[], python=sys.executable)
        assert not (root / "unsynced.json").exists()


def test_tidying_removes_what_was_longest_not_used(tmp_path: Path, archive: bytes) -> None:
    root = tmp_path / "root"
    with SessionClient(root, archive) as client:
        paths = [root / client.put(content, ".jpg")["path"] for content in (b"a" * 10, b"b" * 10, b"c" * 10)]
        for number, path in enumerate(paths):
            os.utime(path, ns=(number, number))
        client.ask("have", files=[[digest_of(b"a" * 10), 10, ".jpg"]])
        client.ask("put", b"xx", sha256="0" * 64, size=10)
        assert client.ask("tidy", keep_bytes=20) == {"ok": True, "num_bytes": 20, "removed_bytes": 12}
        assert [path.exists() for path in paths] == [True, False, True]
        client.ask("start", tasks=[{"job": {"id": "a"}, "timeout_seconds": 10}], python="/usr/bin/yes")
        with pytest.raises(RefusedError, match="jobs wait or run"):
            client.ask("tidy", keep_bytes=0)
        client.ask("stop", all=True)


def test_a_session_stays_lean_after_a_big_file(tmp_path: Path, archive: bytes) -> None:
    with SessionClient(tmp_path / "root", archive) as client:
        content = random.Random(3).randbytes(4 * PIECE_BYTES)
        for offset in range(0, len(content), PIECE_BYTES):
            piece = content[offset : offset + PIECE_BYTES]
            client.ask("put", piece, sha256=digest_of(content), size=len(content), offset=offset)
        client.ask("start", tasks=[{"job": {"id": "a"}, "timeout_seconds": 10}], python="/usr/bin/yes")
        client.events("a", timeout=0.5)
        # Aimed at 20 MiB, of which half is the interpreter's own; a C library may keep some more.
        assert psutil.Process(client.process.pid).memory_info().rss < 32 * 2**20
        client.ask("stop", all=True)


def test_what_the_shells_files_print_is_skipped(shared_root: Path, archive: bytes) -> None:
    with SessionClient(shared_root, archive, before="printf 'Welcome!\\nlast line without end';") as client:
        assert client.noise == b"Welcome!\nlast line without end\n"
        assert client.ask("ping")["ok"]


def test_a_damaged_archive_is_refused(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(RefusedError, match="damaged on its way"):
        SessionClient(tmp_path / "root", archive, digest="0" * 64)
    assert not list((tmp_path / "root").glob("agent/*"))


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "bench/../../outside", "link"])
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        if name == "link":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(RefusedError, match="must not"):
        SessionClient(tmp_path / "root", packed.getvalue())
    assert not list((tmp_path / "root").glob("agent/*"))
    assert not (tmp_path / "outside").exists()


def test_a_root_that_cannot_be_made_is_told_in_the_hello(tmp_path: Path, archive: bytes) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedError, match="cannot be used as the root folder") as refused:
        SessionClient(tmp_path / "file" / "root", archive)
    assert refused.value.answer["python"]


def test_the_default_root_lies_in_the_cache_folder(tmp_path: Path, archive: bytes) -> None:
    variables = {"XDG_CACHE_HOME": "", "HOME": str(tmp_path)}
    with SessionClient(Path(""), archive, environment=variables) as client:
        # An empty path is `.` as text, which is a folder of the home.
        assert client.hello["root"] == str(tmp_path)


def test_pythons_own_variables_do_not_reach_the_session(shared_root: Path, archive: bytes) -> None:
    variables = {"PYTHONHOME": "/nonexistent", "PYTHONPATH": "/nonexistent", "PYTHONSTARTUP": "/x"}
    with SessionClient(shared_root, archive, environment=variables) as client:
        assert client.ask("ping")["ok"]


def test_the_session_ends_when_its_input_closes(shared_root: Path, archive: bytes) -> None:
    client = SessionClient(shared_root, archive)
    client.stdin.close()
    assert client.process.wait(10) == 0
    client.close()


def test_an_unknown_operation_names_the_nearest(client: SessionClient) -> None:
    with pytest.raises(RefusedError, match="did you mean 'ping'") as refused:
        client.ask("pnig")
    assert refused.value.kind == "bad_request"


def test_a_file_is_missing_until_it_was_put(client: SessionClient, shared_root: Path) -> None:
    content = b"a model"
    wanted = [[digest_of(content), len(content), ".tflite"]]
    assert client.ask("have", files=wanted)["missing"] == [digest_of(content)]
    answer = client.put(content, ".tflite")
    assert answer["whole"] and (shared_root / answer["path"]).read_bytes() == content
    assert client.ask("have", files=wanted) == {"ok": True, "missing": [], "partial": {}, "folder": "files"}


def test_an_empty_file_can_be_put(client: SessionClient, shared_root: Path) -> None:
    answer = client.put(b"", ".txt")
    assert (shared_root / answer["path"]).read_bytes() == b""


def test_a_file_cut_off_goes_on_where_it_stopped_in_the_next_session(tmp_path: Path, archive: bytes) -> None:
    content = random.Random(0).randbytes(PIECE_BYTES + 1000)
    values: dict[str, Any] = {"sha256": digest_of(content), "size": len(content), "suffix": ".onnx"}
    with SessionClient(tmp_path / "root", archive) as client:
        client.ask("put", content[:PIECE_BYTES], offset=0, **values)
    with SessionClient(tmp_path / "root", archive) as client:
        answer = client.ask("have", files=[[values["sha256"], len(content), ".onnx"]])
        assert answer["partial"] == {values["sha256"]: PIECE_BYTES}
        with pytest.raises(RefusedError, match=f"expected {PIECE_BYTES}"):
            client.ask("put", b"x", offset=7, **values)
        answer = client.ask("put", content[PIECE_BYTES:], offset=PIECE_BYTES, **values)
    assert answer["whole"] and (tmp_path / "root" / answer["path"]).read_bytes() == content


def test_a_wrong_hash_is_refused_and_the_part_dropped(client: SessionClient, shared_root: Path) -> None:
    digest = digest_of(b"what was promised")
    with pytest.raises(RefusedError, match="send it again"):
        client.ask("put", b"what has come", sha256=digest, size=13, suffix=".jpg")
    assert not list((shared_root / "files").glob(digest + "*"))


def test_more_bytes_than_promised_are_refused(client: SessionClient) -> None:
    with pytest.raises(RefusedError, match="5 bytes came of a file of 4"):
        client.ask("put", b"12345", sha256="0" * 64, size=4)


def test_two_sessions_do_not_mix_one_file(shared_root: Path, archive: bytes) -> None:
    content = b"shared" * 100
    values: dict[str, Any] = {"sha256": digest_of(content), "size": len(content)}
    with SessionClient(shared_root, archive) as one, SessionClient(shared_root, archive) as other:
        one.ask("put", content[:100], offset=0, **values)
        with pytest.raises(RefusedError) as refused:
            other.ask("put", content[:100], offset=0, **values)
        assert refused.value.kind == "busy"
        assert one.ask("put", content[100:], offset=100, **values)["whole"]
        assert other.ask("put", content[:100], offset=0, **values)["whole"]


def test_many_photos_are_sent_before_any_answer_is_read(client: SessionClient) -> None:
    drawn = random.Random(1)
    photos = [drawn.randbytes(20_000) for _ in range(300)]
    for photo in photos:
        client.send("put", photo, sha256=digest_of(photo), size=len(photo), suffix=".jpg")
    # Enough answers that no pipe holds them all: the session must read on while it cannot write.
    for _ in range(3000):
        client.send("have", files=[[digest_of(photos[0]), 1, ".jpg"]])
    answers = [client.receive()[0] for _ in range(3300)]
    assert all(answer["ok"] for answer in answers)
    assert [answer["id"] for answer in answers] == sorted(answer["id"] for answer in answers)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sha256": "../../etc/passwd"}, "64 hex digits"),
        ({"sha256": "A" * 64}, "64 hex digits"),
        ({"sha256": "0" * 64 + "\n"}, "64 hex digits"),
        ({"suffix": "/../x"}, "an ending"),
        ({"suffix": ".part.part.part"}, "an ending"),
        ({"size": -1}, "a number of bytes"),
        ({"size": True}, "a number of bytes"),
        ({"offset": "0"}, "a number of bytes"),
    ],
)
def test_hostile_names_of_files_are_refused(client: SessionClient, values: dict[str, Any], said: str) -> None:
    with pytest.raises(RefusedError, match=said) as refused:
        client.ask("put", b"x", **{"sha256": "0" * 64, "size": 1, **values})
    assert refused.value.kind == "bad_request"


def test_a_link_in_place_of_a_folder_or_file_is_not_followed(tmp_path: Path, archive: bytes) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    with SessionClient(root, archive) as client:
        (root / "files").symlink_to(outside)
        with pytest.raises(RefusedError, match="no folder of ours"):
            client.put(b"x")
        (root / "jobs" / "a").mkdir(parents=True)
        (root / "jobs" / "a" / "result").symlink_to(outside / "secret")
        with pytest.raises(RefusedError, match="cannot be read"):
            client.ask("fetch", job="a", name="result")
        (root / "jobs" / "b").symlink_to(outside)
        with pytest.raises(RefusedError):
            client.ask("fetch", job="b", name="secret")
        shutil.rmtree(root / "jobs")
        (outside / "c").mkdir()
        (root / "jobs").symlink_to(outside)
        client.ask("forget", job="c")
        with pytest.raises(RefusedError, match="never started here"):
            client.ask("events", job="c", offset=0, timeout=0)
        with pytest.raises(RefusedError, match="no folder of ours"):
            task = {"job": {"id": "c"}, "timeout_seconds": 1}
            client.ask("start", tasks=[task], python=sys.executable)
    assert sorted(path.name for path in outside.iterdir()) == ["c", "secret"]


@pytest.mark.parametrize("name", ["../job.json", "a/b", "", ".", "..", ".hidden", "x\0", None, 3])
def test_hostile_names_of_results_are_refused(client: SessionClient, name: object) -> None:
    with pytest.raises(RefusedError, match="expected a file name"):
        client.ask("fetch", job="a", name=name)
    with pytest.raises(RefusedError, match="expected a name"):
        client.ask("fetch", job=name, name="a")


def test_a_result_comes_in_pieces_with_the_hash_of_the_whole(
    client: SessionClient, shared_root: Path
) -> None:
    content = random.Random(2).randbytes(PIECE_BYTES + 5)
    (shared_root / "jobs" / "big").mkdir(parents=True)
    (shared_root / "jobs" / "big" / "shard").write_bytes(content)
    first, start = client.ask_for_bytes("fetch", job="big", name="shard", offset=0)
    second, rest = client.ask_for_bytes("fetch", job="big", name="shard", offset=len(start))
    assert start + rest == content
    assert first["sha256"] == second["sha256"] == digest_of(content)
    assert first["size"] == len(content)
    with pytest.raises(RefusedError, match="was never started here"):
        client.ask("fetch", job="small", name="shard")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk_is_told_with_its_figures_and_nothing_is_half_left(
    tmp_path: Path, archive: bytes
) -> None:
    root = tmp_path / "root"
    root.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(root)], check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        with SessionClient(root, archive) as client:
            big = bytes(8_000_000)
            values: dict[str, Any] = {"sha256": digest_of(big), "size": len(big)}
            with pytest.raises(RefusedError, match="8000000 bytes are needed") as refused:
                client.ask("put", big[:1000], offset=0, **values)
            assert refused.value.kind == "disk_full"
            assert 0 < refused.value.answer["free_bytes"] < 4_194_304
            # One that would have fitted when it began.
            with pytest.raises(RefusedError) as refused:
                client.put(big)
            assert refused.value.kind == "disk_full"
            assert not list((root / "files").iterdir())
            assert client.put(b"small")["whole"]
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)
