"""The agent's archive: small, the same bytes each time, and a device finds everything in it."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import time
from importlib.metadata import Distribution
from pathlib import Path

import pytest

import bench
from bench.hosts.ssh.archive import agent_archive, agent_files, pack
from bench.hosts.ssh.families import shipped_families

EXAMPLE = Path(__file__).parent.parent / "plugins" / "example"


def members(data: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return tar.getmembers()


def test_the_archive_is_small() -> None:
    assert 10_000 < len(agent_archive().data) < 200_000


def test_the_same_content_gives_the_same_bytes_whenever_and_in_whatever_order() -> None:
    files = {"b/x.py": b"x", "a.py": b"a" * 5000}
    first = pack(files)
    time.sleep(1.1)
    assert pack(dict(reversed(files.items()))) == first
    assert pack({**files, "a.py": b"b"}) != first
    # Of the gzip header: no name, no time.
    assert first[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_members_are_regular_files_that_say_nothing_of_this_machine() -> None:
    found = members(agent_archive().data)
    assert [member.name for member in found] == sorted(member.name for member in found)
    for member in found:
        assert member.isreg()
        assert (member.uid, member.gid, member.mtime, member.mode) == (0, 0, 0, 0o644)
        assert (member.uname, member.gname) == ("", "")


def test_the_archive_holds_the_agent_and_nothing_of_the_controller() -> None:
    names = {name for name in agent_files()}
    assert {"bench/__init__.py", "bench/errors.py", "bench/agent/session.py"} <= names
    rooms = {name.split("/")[1] for name in names}
    assert rooms == {"__init__.py", "errors.py", "agent", "detectors", "wire"}
    assert all(name.endswith(".py") and "__pycache__" not in name for name in names)


def unpack_with(files: dict[str, bytes], folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(pack({**agent_files(), **files})), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")
    return folder


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the example where another test imported it from a folder that is gone."""
    monkeypatch.delitem(sys.modules, "bench_family_corners", raising=False)


def install(folder: Path, requires: str = "", value: str = "bench_family_corners:Corners") -> Path:
    """Lay out the example package as pip would."""
    folder.mkdir()
    (folder / "bench_family_corners.py").write_bytes((EXAMPLE / "bench_family_corners.py").read_bytes())
    about = folder / "bench_family_corners-1.2.0.dist-info"
    about.mkdir()
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: bench-family-corners\nVersion: 1.2.0\n{needs}"
    )
    (about / "entry_points.txt").write_text(f"[bench.families]\ncorners = {value}\n")
    return folder


def test_a_family_of_an_installed_package_is_found_on_the_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "site"))
    found = shipped_families()
    assert found.left_out == {}
    assert set(found.files) == {
        "bench_family_corners.py",
        "bench_family_corners-1.2.0.dist-info/METADATA",
        "bench_family_corners-1.2.0.dist-info/entry_points.txt",
    }
    place = unpack_with(found.files, tmp_path / "device")
    code = (
        "from bench.detectors.plug_ins import load_plug_in, origin_of; import bench;"
        "print(load_plug_in('corners').__name__, origin_of('corners'), bench.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-c", code],
        env={**os.environ, "PYTHONPATH": str(place)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [
        "Corners",
        "bench-family-corners",
        "1.2.0",
        str(place / "bench" / "__init__.py"),
    ], done.stderr


def test_another_version_of_a_package_is_another_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install(tmp_path / "site")
    monkeypatch.syspath_prepend(site)
    before = pack(shipped_families().files)
    (site / "bench_family_corners.py").write_text("class Corners: ...\n")
    assert pack(shipped_families().files) != before


@pytest.mark.parametrize(
    ("requires", "value", "reason"),
    [
        ("torch>=2", "bench_family_corners:Corners", "requires torch, expected only numpy and bench"),
        ("", "no_such_module:Corners", "no_such_module is no module of Python source"),
        ("", "compiled:Corners", "compiled holds compiled code"),
        ("", "large:Corners", "its package is larger than"),
    ],
)
def test_a_package_that_cannot_travel_is_left_out_with_the_reason(
    requires: str, value: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install(tmp_path / "site", requires, value)
    for name in ("compiled", "large"):
        (site / name).mkdir()
        (site / name / "__init__.py").write_text("")
    (site / "compiled" / "fast.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF")
    (site / "large" / "table.py").write_bytes(b"#" * 300_000)
    monkeypatch.syspath_prepend(site)
    found = shipped_families()
    assert found.files == {}
    assert "family 'corners' cannot be brought to devices" in found.left_out["corners"]
    assert reason in found.left_out["corners"]


@pytest.mark.parametrize("requires", ["numpy>=2", "Detector_Precision.Bench", "pytest; extra == 'test'"])
def test_what_devices_have_may_be_required(
    requires: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "site", requires))
    assert shipped_families().left_out == {}
    assert Distribution.from_name("bench-family-corners").version == "1.2.0"


def test_the_packed_agent_begins_without_any_package(tmp_path: Path) -> None:
    place = unpack_with({}, tmp_path / "device")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, sys.argv[1]);"
         "import bench.agent.session, bench.agent.ops.files; print(bench.__version__)", str(place)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout.strip() == bench.__version__, done.stderr


def test_gzip_reads_it_whole() -> None:
    assert len(gzip.decompress(agent_archive().data)) > len(agent_archive().data)
