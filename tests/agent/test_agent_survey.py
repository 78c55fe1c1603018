"""What a device tells of itself before anything is installed on it."""

# ruff: noqa: E501

from __future__ import annotations

import os
import shutil
import struct
import sys
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from bench.agent.ops import survey as surveying
from bench.agent.ops.survey import survey
from bench.agent.session import Session


class Device:
    """Plays the session: a root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root


def facts(root: Path, **request: Any) -> dict[str, Any]:
    answer = survey(cast(Session, Device(root)), request, b"")
    return cast("dict[str, Any]", answer["facts"])


def test_the_facts_are_those_that_others_tell_of_this_machine(tmp_path: Path) -> None:
    found = facts(tmp_path, is_gentle=True)
    assert found["ram_bytes"] == psutil.virtual_memory().total
    assert found["swap_bytes"] == psutil.swap_memory().total
    assert abs(found["free_bytes"] - shutil.disk_usage(tmp_path).free) < 1 << 30
    assert found["num_cores"] == os.cpu_count() and found["page_size"] == os.sysconf("SC_PAGE_SIZE")
    assert found["python"] == list(sys.version_info[:3]) and found["bits"] == 64
    assert found["machine"] == os.uname().machine and found["kernel"] == os.uname().release
    assert found["root"] == str(tmp_path) and found["environments"] == {}


def test_a_gentle_survey_starts_no_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "has_pip", lambda: True)
    assert facts(tmp_path)["has_pip"] is True
    assert facts(tmp_path, is_gentle=True)["has_pip"] is None


@pytest.mark.parametrize(
    ("features", "dot_product", "half_precision"),
    [
        # Raspberry Pi 4 (Cortex-A72) and 5 (Cortex-A76), from their /proc/cpuinfo.
        ("fp asimd evtstrm crc32 cpuid", False, False),
        ("fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp", True, True),
        ("", None, None),
    ],
)  # fmt: skip
def test_what_kernels_gain_from_is_told_of_arm_processors(
    features: str, dot_product: bool | None, half_precision: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surveying, "_flags", lambda: frozenset(features.split()))
    monkeypatch.setattr(surveying.platform, "machine", lambda: "aarch64")
    found = surveying._processor()
    assert (found["has_dot_product"], found["has_half_precision"]) == (dot_product, half_precision)
    monkeypatch.setattr(surveying.platform, "machine", lambda: "x86_64")
    assert surveying._processor()["has_dot_product"] is None


def test_the_supply_of_a_pi_5_is_read_in_milliamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surveying, "_SUPPLY", tmp_path / "max_current")
    assert surveying._supply() is None
    (tmp_path / "max_current").write_bytes(struct.pack(">I", 5000))
    assert surveying._supply() == 5000


def test_a_system_without_glibc_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(surveying.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(surveying, "_LIBRARIES", tmp_path)
    assert surveying._libc() == ("", "")
    (tmp_path / "ld-musl-aarch64.so.1").touch()
    assert surveying._libc() == ("musl", "")
