"""Downloads: whole or not at all, gone on with where they stopped, checked; against a server on loopback."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from range_server import Server, serving

from bench.datasets.downloads import download as module
from bench.datasets.downloads.download import Wanted, download
from bench.datasets.downloads.transfer import check_url
from bench.errors import DataError, UsageError

CONTENT = random.Random(0).randbytes(1_000_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server({"/a.zip": CONTENT})) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_PAUSE_SECONDS", 0.0)
        yield


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "new" / "a.zip"


def fetch(server: Server, target: Path, **more: Any) -> str:
    return download(Wanted(f"{server.url}/a.zip", **more), target, lambda *_: None)


def error_of(server: Server, target: Path, **more: Any) -> str:
    with pytest.raises(DataError) as caught:
        fetch(server, target, **more)
    return str(caught.value)


def left(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()}


def test_a_file_comes_whole_with_its_checksum_and_leaves_nothing_else(server: Server, target: Path) -> None:
    told: list[tuple[int, int]] = []
    wanted = Wanted(f"{server.url}/a.zip", len(CONTENT), SHA)
    assert download(wanted, target, lambda *pair: told.append(pair)) == SHA
    assert target.read_bytes() == CONTENT and left(target) == {"a.zip"}
    assert told[-1] == (1_000_000, 1_000_000) and told == sorted(told)


def test_a_second_call_asks_nothing(server: Server, target: Path) -> None:
    fetch(server, target)
    assert fetch(server, target, num_bytes=len(CONTENT), sha256=SHA) == SHA
    assert len(server.requests) == 1


def test_a_broken_connection_is_gone_on_with_within_one_call(server: Server, target: Path) -> None:
    server.break_after = [300_000, 0, 400_000]
    assert fetch(server, target) == SHA
    assert [wanted for _, wanted in server.requests] == [
        "",
        "bytes=300000-",
        "bytes=300000-",
        "bytes=700000-",
    ]


def test_a_transfer_that_failed_is_gone_on_with_by_the_next_call(server: Server, target: Path) -> None:
    server.break_after = [300_000, 0, 0, 0, 0]
    text = error_of(server, target, sha256=SHA)
    assert text == (
        f"{server.url}/a.zip: the connection ended early. 300000 bytes are kept in {target}.part: the same command "
        f"goes on from there. Without a network, fetch it elsewhere and put it at {target}, which is checked then; "
        "or name a mirror with --mirror URL"
    )
    assert left(target) == {"a.zip.part", "a.zip.part.json"}
    server.break_after = []
    assert fetch(server, target, sha256=SHA) == SHA and left(target) == {"a.zip"}
    assert server.requests[-1][1] == "bytes=300000-"


def test_a_server_without_ranges_sends_all_again(server: Server, target: Path) -> None:
    server.knows_ranges, server.break_after = False, [300_000]
    assert fetch(server, target) == SHA
    assert [wanted for _, wanted in server.requests] == ["", "bytes=300000-"]


@pytest.mark.parametrize("minds", [True, False])
def test_a_file_that_changed_in_between_is_never_mixed_with_its_old_beginning(
    server: Server, target: Path, minds: bool
) -> None:
    server.break_after = [300_000, 0, 0, 0]
    error_of(server, target)
    new = bytes(reversed(CONTENT))
    server.files["/a.zip"], server.tag, server.minds_if_range, server.break_after = new, '"v2"', minds, []
    assert fetch(server, target) == hashlib.sha256(new).hexdigest()
    assert target.read_bytes() == new


def test_a_server_that_brings_bytes_for_ever_is_given_up_on(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_EXCHANGES", 6)
    server.break_after = [1000] * 50
    assert "6000 bytes are kept" in error_of(server, target) and len(server.requests) == 6


def test_a_shorter_file_than_was_begun_is_begun_anew(server: Server, target: Path) -> None:
    server.break_after = [300_000, 0, 0, 0]
    error_of(server, target)
    server.files["/a.zip"], server.break_after = CONTENT[:1000], []
    server.minds_if_range = False
    fetch(server, target)
    assert target.read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize(("tag", "says"), [('W/"v1"', True), ("", False)])
def test_without_a_name_for_the_version_nothing_is_gone_on_with_unless_a_checksum_is_known(
    server: Server, target: Path, tag: str, says: bool
) -> None:
    server.tag, server.says_version, server.break_after = tag, says, [300_000]
    assert fetch(server, target) == SHA
    assert [wanted for _, wanted in server.requests] == ["", ""]
    target.unlink()
    server.break_after = [300_000]
    assert fetch(server, target, sha256=SHA) == SHA
    assert server.requests[-1][1] == "bytes=300000-"


def test_a_whole_partial_file_needs_no_more_bytes(server: Server, target: Path) -> None:
    server.break_after = [300_000, 0, 0, 0]
    error_of(server, target)
    target.with_name("a.zip.part").write_bytes(CONTENT)
    before = len(server.requests)
    assert fetch(server, target) == SHA and len(server.requests) == before


def test_a_wrong_checksum_removes_what_came(server: Server, target: Path) -> None:
    text = error_of(server, target, sha256="0" * 64)
    assert text == (
        f"{server.url}/a.zip: what came has sha256 {SHA}, expected {'0' * 64}: remove it and fetch it again, or from "
        "another server with --mirror URL"
    )
    assert left(target) == set()


def test_another_length_than_published_is_refused_before_it_comes(server: Server, target: Path) -> None:
    assert error_of(server, target, num_bytes=5) == (
        f"{server.url}/a.zip: the server has 1000000 bytes, expected 5: this is not the published file; name a mirror "
        "with --mirror URL"
    )
    assert not target.exists()


def test_a_file_that_is_there_is_checked_and_never_replaced(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"mine")
    assert error_of(server, target, sha256=SHA).startswith(f"{target}: is there, but has sha256")
    assert target.read_bytes() == b"mine" and not server.requests


def test_a_missing_file_says_so_at_once(server: Server, target: Path) -> None:
    server.files.clear()
    assert error_of(server, target) == (
        f"{server.url}/a.zip: the server answers 404 (Not Found): the address may have changed, or need another server: "
        "name a mirror with --mirror URL"
    )
    assert len(server.requests) == 1 and left(target) == set()


def test_a_busy_server_is_asked_again(server: Server, target: Path) -> None:
    server.statuses = [503, 429]
    assert fetch(server, target) == SHA and len(server.requests) == 3


def test_a_server_that_stays_busy_is_named(server: Server, target: Path) -> None:
    server.statuses = [503] * 9
    assert "a.zip: the server answers 503 (Service Unavailable). Without a network" in error_of(
        server, target
    )


def test_a_file_without_a_length_is_taken_only_if_something_else_tells_it_is_whole(
    server: Server, target: Path
) -> None:
    server.says_length = False
    assert "the server does not say how long the file is" in error_of(server, target)
    assert fetch(server, target, sha256=SHA) == SHA
    target.unlink()
    server.break_after = [400_000]
    assert "has sha256" in error_of(server, target, sha256=SHA)


def test_without_a_network_the_message_says_what_can_be_done(tmp_path: Path) -> None:
    with serving(Server()) as gone:
        url = gone.url
    with pytest.raises(DataError) as caught:
        download(Wanted(f"{url}/a.zip"), tmp_path / "a.zip", lambda *_: None)
    assert str(caught.value) == (
        f"{url}/a.zip: cannot be reached (Connection refused). Without a network, fetch it elsewhere and put it at "
        f"{tmp_path / 'a.zip'}; or name a mirror with --mirror URL"
    )


def test_a_full_disk_is_told_before_anything_is_asked(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1_000_000_000})())
    with pytest.raises(DataError, match=r"needs 1.20 GB of free disk space, and 1.00 GB are free"):
        download(Wanted(f"{server.url}/a.zip", 400_000_000), target, lambda *_: None, 600_000_000)
    assert not server.requests


def test_a_disk_that_fills_up_is_not_called_a_broken_connection(server: Server, target: Path) -> None:
    def fail(*_: int) -> None:
        raise OSError(28, "No space left on device", "a.zip.part")

    with pytest.raises(OSError, match="No space left on device"):
        download(Wanted(f"{server.url}/a.zip"), target, fail)
    assert len(server.requests) == 1 and not target.exists()


def test_redirections_lead_to_web_servers_only(server: Server, target: Path) -> None:
    server.redirect = "file:///etc/hostname"
    with pytest.raises(DataError):
        fetch(server, target)
    assert not target.exists()
    with serving(Server({"/b": CONTENT})) as other:
        server.redirect = f"{other.url}/b"
        assert fetch(server, target) == SHA


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/a", "/a.zip", "http://", "val2017.zip"])
def test_addresses_that_are_no_web_addresses_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="expected one that begins with http:// or https://"):
        check_url(url)


@pytest.mark.parametrize("state", ["", "{", "[]", '{"url": 5, "x": 1}'])
def test_a_damaged_note_of_a_partial_file_means_beginning_anew(
    server: Server, target: Path, state: str
) -> None:
    target.parent.mkdir()
    target.with_name("a.zip.part").write_bytes(b"rubbish")
    target.with_name("a.zip.part.json").write_text(state)
    assert fetch(server, target) == SHA


def test_a_partial_file_from_another_address_is_not_gone_on_with(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("a.zip.part").write_bytes(b"rubbish")
    note = {"url": "http://elsewhere/a.zip", "validator": '"v1"', "total": 1_000_000}
    target.with_name("a.zip.part.json").write_text(json.dumps(note))
    assert fetch(server, target) == SHA and server.requests[0][1] == ""


@settings(max_examples=60, deadline=None)
@given(
    breaks=st.lists(st.one_of(st.none(), st.integers(0, 3000)), max_size=8),
    statuses=st.lists(st.sampled_from([200, 200, 416, 500, 503]), max_size=4),
    knows_ranges=st.booleans(),
    minds_if_range=st.booleans(),
    tag=st.sampled_from(['"v1"', 'W/"v1"']),
    changes=st.booleans(),
    is_known=st.booleans(),
)
def test_whatever_goes_wrong_a_file_with_its_name_is_whole(
    breaks: list[int | None],
    statuses: list[int],
    knows_ranges: bool,
    minds_if_range: bool,
    tag: str,
    changes: bool,
    is_known: bool,
) -> None:
    first, second = CONTENT[:3000], CONTENT[5000:8000]
    with tempfile.TemporaryDirectory() as folder, serving(Server({"/a.zip": first}, tag=tag)) as server:
        target = Path(folder) / "a.zip"
        server.knows_ranges, server.minds_if_range = knows_ranges, minds_if_range
        server.break_after, server.statuses = list(breaks), list(statuses)
        final = second if changes else first
        wanted = Wanted(f"{server.url}/a.zip", sha256=hashlib.sha256(final).hexdigest() if is_known else "")
        for attempt in range(12):
            if attempt == 1 and changes:
                server.files["/a.zip"], server.tag = second, tag.replace("v1", "v2")
            with contextlib.suppress(DataError):
                download(wanted, target, lambda *_: None)
            assert not target.exists() or target.read_bytes() in ((final,) if is_known else (first, second))
            if target.exists():
                break
        assert target.exists()
