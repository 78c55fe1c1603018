"""The pinned packages: complete for every Python and machine, readable by pip, known by a key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.errors import HostError
from bench.hosts.provision.download import _tags
from bench.hosts.provision.locks import Wheel, environment_of, pinned_pythons

ROOT = Path(__file__).parents[2]
PYTHONS = [(3, 11), (3, 12), (3, 13)]
MACHINES = ["aarch64", "x86_64"]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_and_machine_has_all_packages_at_the_pinned_versions(
    python: tuple[int, int], machine: str
) -> None:
    environment = environment_of([*python, 5], machine)
    lines = (ROOT / ".ci" / "constraints.txt").read_text().lower().replace("-", "_").split()
    for wheel in environment.wheels:
        assert f"{wheel.name.lower().replace('-', '_')}=={wheel.version}" in lines
        assert re.fullmatch("[0-9a-f]{64}", wheel.sha256) and wheel.size_bytes > 1000
        assert machine in wheel.file or wheel.file.endswith("-any.whl")
        assert f"cp{python[0]}{python[1]}" in wheel.file or "abi3" in wheel.file or "-py" in wheel.file
    names = {wheel.name for wheel in environment.wheels}
    assert {"numpy", "pillow", "psutil", "ai-edge-litert", "onnxruntime"} <= names and "pip" not in names
    assert environment.pip.name == "pip"


def test_a_raspberry_pi_os_of_2023_has_a_new_enough_c_library() -> None:
    # Debian 12 and with it Raspberry Pi OS bookworm: glibc 2.36.
    assert (2, 17) <= environment_of([3, 11], "aarch64").least_glibc <= (2, 36)


@pytest.mark.parametrize(
    ("file", "least"),
    [
        ("a-1-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl", (2, 27)),
        ("a-1-cp310-abi3-manylinux2014_aarch64.whl", (2, 17)),
        ("a-1-py3-none-any.whl", (0, 0)),
    ],
)
def test_the_oldest_tag_of_a_wheel_says_which_c_library_it_needs(file: str, least: tuple[int, int]) -> None:
    assert Wheel("a", "1", file, "", 1, "any").least_glibc == least


def test_every_requirement_carries_its_hash() -> None:
    environment = environment_of([3, 12, 1], "aarch64")
    lines = environment.requirements.splitlines()
    assert len(lines) == len(environment.wheels)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+ --hash=sha256:[0-9a-f]{64}", line) for line in lines)


def test_another_python_or_machine_is_another_environment() -> None:
    keys = {environment_of(python, machine).key for python in PYTHONS for machine in MACHINES}
    assert len(keys) == 6
    assert environment_of([3, 11, 2], "aarch64").key == environment_of([3, 11, 9], "aarch64").key
    assert environment_of([3, 11], "aarch64").key.startswith("py311-")


@pytest.mark.parametrize(
    ("python", "machine"), [([3, 14, 0], "aarch64"), ([3, 10], "x86_64"), ([3, 11], "armv7l")]
)
def test_what_nothing_is_pinned_for_is_an_error_that_names_what_is(python: list[int], machine: str) -> None:
    text = (
        f"no wheels are pinned for Python 3.{python[1]} on {machine}, expected Python 3.11 or 3.12 or 3.13 on"
    )
    with pytest.raises(HostError, match=re.escape(text)):
        environment_of(python, machine)
    assert pinned_pythons() == ["3.11", "3.12", "3.13"]


def test_no_file_of_the_locks_names_an_index() -> None:
    for path in (ROOT / "bench" / "hosts" / "provision").rglob("*.txt"):
        assert "://" not in path.read_text() and "index" not in path.read_text()


def test_pip_is_asked_for_every_tag_that_a_wheel_has() -> None:
    wheel = Wheel("a", "1", "a-1-cp36-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "", 1, "x86_64")
    assert _tags(wheel) == ["manylinux2014_x86_64", "manylinux_2_17_x86_64"]
    assert _tags(Wheel("a", "1", "a-1-py3-none-any.whl", "", 1, "any")) == []
