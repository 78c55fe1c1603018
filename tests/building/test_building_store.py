"""The store hands out what was put in, whole and unchanged, or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from pathlib import Path

import pytest

from bench.building.store import ArtifactStore, default_store_root
from bench.core.artifact import FileFacts
from bench.errors import StoreError

KEY = "ab" * 32
CONTENT = b"a model" * 100


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made.tflite"
    path.write_bytes(CONTENT)
    return path


def test_an_added_file_is_found_by_a_later_process(store: ArtifactStore, file: Path) -> None:
    facts = FileFacts("int8", {"int8": 5}, {"CONV_2D": 1}, ("image int8 [1]",), notes=("note",))
    added = store.add(KEY, file, facts, ("calibrated",))
    file.unlink()
    found = ArtifactStore(store.root).find(KEY)
    assert found == added
    assert found is not None
    assert Path(found.path).read_bytes() == CONTENT
    assert found.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert found.size_bytes == len(CONTENT)
    assert found.compressed_bytes == len(zlib.compress(CONTENT, 9))
    assert (found.recipe_key, found.build_notes) == (KEY, ("calibrated",))


def test_an_unknown_key_finds_nothing(store: ArtifactStore) -> None:
    assert store.find(KEY) is None


def test_a_file_that_was_changed_in_the_store_is_not_handed_out(store: ArtifactStore, file: Path) -> None:
    added = store.add(KEY, file, FileFacts("fp32"))
    Path(added.path).write_bytes(CONTENT.replace(b"a", b"o"))
    assert store.find(KEY) is None


def test_a_changed_entry_is_replaced_when_it_is_added_again(store: ArtifactStore, file: Path) -> None:
    added = store.add(KEY, file, FileFacts("fp32"))
    Path(added.path).unlink()
    assert store.find(KEY) is None
    store.add(KEY, file, FileFacts("fp32"))
    assert store.find(KEY) == added


def test_a_touched_file_is_hashed_again_and_found(store: ArtifactStore, file: Path) -> None:
    added = store.add(KEY, file, FileFacts("fp32"))
    os.utime(added.path, (1, 1))
    assert store.find(KEY) == added
    entry = json.loads((store.folder(KEY) / "artifact.json").read_text())
    assert entry["verified"][1] == 10**9


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"schema": 1}', '{"schema": 1, "artifact": {"path": 3}}']
)
def test_a_damaged_entry_finds_nothing(store: ArtifactStore, file: Path, content: str) -> None:
    store.add(KEY, file, FileFacts("fp32"))
    (store.folder(KEY) / "artifact.json").write_text(content)
    assert store.find(KEY) is None


def test_a_copied_store_still_works(store: ArtifactStore, file: Path, tmp_path: Path) -> None:
    store.add(KEY, file, FileFacts("fp32"))
    store.root.rename(tmp_path / "elsewhere")
    found = ArtifactStore(tmp_path / "elsewhere").find(KEY)
    assert found is not None
    assert Path(found.path).is_relative_to(tmp_path / "elsewhere")


def test_a_given_file_stays_where_it_is_and_is_watched(store: ArtifactStore, file: Path) -> None:
    referred = store.refer(KEY, file, FileFacts("fp16"))
    assert referred.path == str(file)
    assert store.find(KEY) == referred
    file.write_bytes(b"something else")
    assert store.find(KEY) is None


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, file: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot write the artifact cache .* BENCH_CACHE"):
        ArtifactStore(tmp_path / "cache").add(KEY, file, FileFacts("fp32"))


def test_the_cache_lies_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    assert default_store_root() == tmp_path
    monkeypatch.delenv("BENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert default_store_root() == Path("/x/detector-bench")


def test_an_artifact_is_found_by_its_content_whatever_made_it(store: ArtifactStore, file: Path) -> None:
    other = file.with_name("given.tflite")
    other.write_bytes(b"given")
    added, given = store.add(KEY, file, FileFacts("int8")), store.refer("cd" * 32, other, FileFacts("fp32"))
    found = store.find_contents({added.sha256, given.sha256, "0" * 64})
    assert found == {added.sha256: added, given.sha256: given}
    other.write_bytes(b"changed")
    assert store.find_contents({given.sha256}) == {}
