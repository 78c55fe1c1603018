"""`bench data get`: archives unpacked safely, single photos checked, everything whole and done once."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from photo_folders import photo_bytes
from range_server import Server, serving

from bench.cli import EXIT_GOOD, EXIT_NOT_MEASURED, EXIT_WRONG_USE, main
from bench.datasets.coco import evaluation_data, image_set
from bench.datasets.downloads import download as download_module
from bench.datasets.downloads import get as get_module
from bench.datasets.downloads.get import Order, get_data_set
from bench.datasets.downloads.published import PublishedFile
from bench.datasets.downloads.zip_members import unpack
from bench.datasets.hashes import HashCache
from bench.errors import DataError, UsageError

NUM_TRAIN = 6


def zip_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def instances(names: dict[int, str]) -> bytes:
    images = [{"id": number, "file_name": name, "width": 8, "height": 6} for number, name in names.items()]
    objects = [{"id": 1, "image_id": next(iter(names)), "category_id": 1, "bbox": [0, 0, 4, 4]}]
    document = {"images": images, "annotations": objects, "categories": [{"id": 1, "name": "cat"}]}
    return json.dumps(document).encode()


VAL = {number: f"{number:012d}.jpg" for number in (139, 285, 632)}
TRAIN = {number: f"{number:012d}.jpg" for number in range(1, NUM_TRAIN + 1)}
PHOTOS = zip_of(
    {"val2017/": b"", **{f"val2017/{name}": photo_bytes(8, 6, number) for number, name in VAL.items()}}
)
LABELS = zip_of(
    {
        "annotations/instances_train2017.json": instances(TRAIN),
        "annotations/instances_val2017.json": instances(VAL),
        "annotations/captions_val2017.json": b"{}",
    }
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve a COCO of three photos and six training photos, published with its own sizes and checksums."""
    files = {"/zips/val2017.zip": PHOTOS, "/annotations/annotations_trainval2017.zip": LABELS}
    files |= {f"/train2017/{name}": photo_bytes(8, 6, 1000 + number) for number, name in TRAIN.items()}
    for name, place in (
        ("VAL_IMAGES", "/zips/val2017.zip"),
        ("ANNOTATIONS", "/annotations/annotations_trainval2017.zip"),
    ):
        content = files[place]
        published = PublishedFile(place[1:], len(content), hashlib.sha256(content).hexdigest())
        monkeypatch.setattr(get_module, name, published)
    monkeypatch.setattr(download_module, "_PAUSE_SECONDS", 0.0)
    with serving(Server(files)) as running:
        yield running


def get(server: Server, folder: Path, name: str = "coco-val2017", **more: Any) -> Any:
    return get_data_set(Order(name, folder, server.url, **more), lambda *_: None)


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


VAL_FILES = {
    ".lock", "fetched.json", "annotations_trainval2017.zip", "annotations/instances_val2017.json",
    *(f"val2017/{name}" for name in VAL.values()),
}  # fmt: skip


def test_photos_and_annotations_come_as_a_suite_reads_them(server: Server, tmp_path: Path) -> None:
    found = get(server, tmp_path)
    assert files_of(tmp_path) == VAL_FILES
    data = evaluation_data(found.images, found.annotations, 0, 0, HashCache(tmp_path / "cache"))
    assert [image.id for image in data.images] == list(VAL) and found.num_images == 3


def test_a_second_run_asks_nothing_and_changes_nothing(server: Server, tmp_path: Path) -> None:
    first = get(server, tmp_path)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in VAL_FILES - {".lock"}}
    count = len(server.requests)
    assert get(server, tmp_path) == first and len(server.requests) == count
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in before} == before


def test_a_photo_that_was_lost_or_cut_comes_again(server: Server, tmp_path: Path) -> None:
    get(server, tmp_path)
    (tmp_path / "val2017" / VAL[139]).unlink()
    (tmp_path / "val2017" / VAL[285]).write_bytes(b"cut")
    kept = (tmp_path / "val2017" / VAL[632]).stat().st_mtime_ns
    get(server, tmp_path)
    assert files_of(tmp_path) == VAL_FILES
    assert (tmp_path / "val2017" / VAL[285]).read_bytes() == photo_bytes(8, 6, 285)
    assert (tmp_path / "val2017" / VAL[632]).stat().st_mtime_ns == kept


def test_an_archive_put_there_by_hand_needs_no_network(server: Server, tmp_path: Path) -> None:
    (tmp_path / "val2017.zip").write_bytes(PHOTOS)
    (tmp_path / "annotations_trainval2017.zip").write_bytes(LABELS)
    assert get(server, tmp_path).num_images == 3 and not server.requests


def test_an_archive_cut_short_is_not_taken_for_a_whole_one(server: Server, tmp_path: Path) -> None:
    (tmp_path / "val2017.zip").write_bytes(PHOTOS[:-10])
    with pytest.raises(DataError, match=r"val2017.zip: is there, but has \d+ bytes, expected \d+: remove it"):
        get(server, tmp_path)


def test_single_files_may_lie_elsewhere(server: Server, tmp_path: Path) -> None:
    with serving(Server({"/flat/v.zip": PHOTOS})) as other:
        server.files.pop("/zips/val2017.zip")
        get(server, tmp_path, urls={"val2017.zip": f"{other.url}/flat/v.zip"})
    assert files_of(tmp_path) == VAL_FILES


def test_calibration_photos_are_drawn_by_the_seed_and_a_larger_draw_goes_on(
    server: Server, tmp_path: Path
) -> None:
    found = get(server, tmp_path, "coco-train2017-calibration", count=3)
    first = files_of(found.images)
    assert len(first) == found.num_images == 3 and found.annotations is None
    assert first <= set(TRAIN.values()) and found.images == tmp_path / "train2017-calibration"
    before = len(server.requests)
    get(server, tmp_path, "coco-train2017-calibration", count=3)
    assert len(server.requests) == before
    get(server, tmp_path, "coco-train2017-calibration", count=5)
    assert first < files_of(found.images) and len(server.requests) == before + 2
    assert len(image_set(found.images, 0, 0, HashCache(tmp_path / "cache")).images) == 5


def test_a_calibration_photo_is_checked_against_its_first_checksum_ever_after(
    server: Server, tmp_path: Path
) -> None:
    found = get(server, tmp_path, "coco-train2017-calibration", count=1)
    (name,) = files_of(found.images)
    ledger = json.loads((tmp_path / "fetched.json").read_text())["files"]
    content = (found.images / name).read_bytes()
    assert ledger[f"train2017-calibration/{name}"] == {
        "url": f"{server.url}/train2017/{name}", "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    (found.images / name).write_bytes(photo_bytes(8, 6, 77))
    with pytest.raises(DataError, match=rf"{name}: is there, but has sha256"):
        get(server, tmp_path, "coco-train2017-calibration", count=1)
    (found.images / name).unlink()
    get(server, tmp_path, "coco-train2017-calibration", count=1)
    assert (found.images / name).read_bytes() == content


@pytest.mark.parametrize("content", [b"<html>sign in</html>", photo_bytes(8, 6)[:-40], photo_bytes(9, 9)])
def test_what_is_not_the_photo_is_not_kept(server: Server, tmp_path: Path, content: bytes) -> None:
    server.files |= {f"/train2017/{name}": content for name in TRAIN.values()}
    with pytest.raises(DataError, match="what came is not the photo"):
        get(server, tmp_path, "coco-train2017-calibration", count=1)
    assert not files_of(tmp_path / "train2017-calibration")


def test_photos_that_came_before_a_break_are_kept(server: Server, tmp_path: Path) -> None:
    for name in list(TRAIN.values())[:3]:
        server.files.pop(f"/train2017/{name}")
    with pytest.raises(DataError, match="404"):
        get(server, tmp_path, "coco-train2017-calibration", count=6)
    came = {name for name in files_of(tmp_path / "train2017-calibration")}
    server.files |= {f"/train2017/{name}": photo_bytes(8, 6, 1000 + number) for number, name in TRAIN.items()}
    before = len(server.requests)
    get(server, tmp_path, "coco-train2017-calibration", count=6)
    assert len(server.requests) - before == NUM_TRAIN - len(came)


def raw_zip(name: str, mode: int = 0, content: bytes = b"x", times: int = 1) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for _ in range(times):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return stream.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("archive", "problem"),
    [
        (raw_zip("../a/evil.txt"), "leads out of the folder"),
        (raw_zip("/a/evil.txt"), "leads out of the folder"),
        (raw_zip("a/../../evil.txt"), "leads out of the folder"),
        (raw_zip("a\\..\\evil.txt"), "leads out of the folder"),
        (raw_zip("C:/a/evil.txt"), "leads out of the folder"),
        (raw_zip("a/link", stat.S_IFLNK | 0o777, b"/etc/passwd"), "is a link or a device"),
        (raw_zip("a/pipe", stat.S_IFIFO | 0o666), "is a link or a device"),
        (raw_zip("a/b.txt", times=2), "stands there twice"),
    ],
)
def test_members_that_no_such_archive_holds_are_refused_and_nothing_is_written(
    tmp_path: Path, archive: bytes, problem: str
) -> None:
    file, folder = tmp_path / "x.zip", tmp_path / "inside" / "folder"
    file.write_bytes(archive)
    folder.mkdir(parents=True)
    with pytest.raises(DataError, match=problem):
        unpack(file, folder, "", lambda *_: None)
    assert files_of(tmp_path) == {"x.zip"}


def test_a_damaged_member_is_found_and_has_no_file(tmp_path: Path) -> None:
    content = bytearray(raw_zip("a/b.bin", content=b"0123456789" * 100))
    content[200] ^= 1
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"x.zip: is damaged \(Bad CRC-32.*remove it and fetch it again"):
        unpack(tmp_path / "x.zip", tmp_path, "a/", lambda *_: None)
    assert files_of(tmp_path) == {"x.zip"}


def test_a_link_that_stands_where_a_file_should_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(zip_of({"a/b.txt": b"new"}))
    (tmp_path / "mine.txt").write_text("new")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.txt").symlink_to(tmp_path / "mine.txt")
    unpack(tmp_path / "x.zip", tmp_path, "a/", lambda *_: None)
    found = tmp_path / "a" / "b.txt"
    assert not found.is_symlink() and found.read_text() == "new" and (tmp_path / "mine.txt").exists()


def test_an_unknown_data_set_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"unknown data set 'coco-val2071', did you mean 'coco-val2017'\? Known: coco-val"
    ):
        get_data_set(Order("coco-val2071", tmp_path / "x"), lambda *_: None)
    assert not (tmp_path / "x").exists()


def test_two_processes_do_not_fetch_into_one_folder(server: Server, tmp_path: Path) -> None:
    with (
        get_module._alone(tmp_path),
        pytest.raises(UsageError, match="another bench data get is at work there"),
    ):
        get(server, tmp_path)


def test_the_command_fetches_shows_progress_and_says_what_to_write_into_a_suite(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "coco"
    assert (
        main(["data", "get", "coco-val2017", "--output", str(folder), "--mirror", server.url + "/"])
        == EXIT_GOOD
    )
    shown = capsys.readouterr()
    assert f"3 photos: {folder}/val2017\n" in shown.out
    assert (
        f"in a suite: data: {{coco: {{images: {folder}/val2017, annotations: {folder}/annotations/instances_val2017.json}}}}"
        in shown.out
    )
    assert "val2017.zip: 100%" in shown.err
    assert (
        main(["data", "get", "coco-val2017", "--output", str(folder), "--mirror", server.url, "--quiet"])
        == EXIT_GOOD
    )
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["coco-val"], EXIT_WRONG_USE, "unknown data set 'coco-val', did you mean 'coco-val2017'?"),
        (["coco-val2017", "--mirror", "file:///srv"], EXIT_WRONG_USE, "got the address 'file:///srv', expected one that begins with http"),
        (["coco-val2017", "--url", "val2017.zip"], EXIT_WRONG_USE, "--url: got 'val2017.zip', expected FILE=URL"),
        (["coco-val2017", "--count", "0"], EXIT_WRONG_USE, "--count: got 0, expected an integer of 1 or more"),
        (["coco-val2017", "--mirror", "http://127.0.0.1:9"], EXIT_NOT_MEASURED, "cannot be reached (Connection refused). Without a network, fetch it"),
    ],
)  # fmt: skip
def test_the_command_answers_wrong_use_and_a_missing_network(
    arguments: list[str],
    code: int,
    error: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(download_module, "_PAUSE_SECONDS", 0.0)
    assert main(["data", "get", *arguments, "--output", str(tmp_path / "x")]) == code
    assert error in capsys.readouterr().err
