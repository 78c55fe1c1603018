"""What SSH costs: sending photos beside `tar | ssh` and rsync, and the first words of a connection.

Figures are printed and never asserted: they are this machine's of this hour. What is compared takes turns.
"""

from __future__ import annotations

import hashlib
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from ssh_rig import SshRig

from bench.core.host import HostSettings
from bench.hosts.base import HostFile
from bench.hosts.ssh.host import SshHost

# As many photos, and as large, as a common evaluation set of a thousand has.
PHOTOS, PHOTO_BYTES, ROUNDS = 1000, 150_000, 7

pytestmark = pytest.mark.performance


@pytest.fixture
def rig(ssh_rig: SshRig, monkeypatch: pytest.MonkeyPatch) -> SshRig:
    for name, value in ssh_rig.environment.items():
        monkeypatch.setenv(name, value)
    return ssh_rig


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[HostFile]:
    """Files that do not compress, as photos do not."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    files = []
    for number in range(PHOTOS):
        content = random.bytes(PHOTO_BYTES)
        path = folder / f"{number:012d}.jpg"
        path.write_bytes(content)
        files.append(HostFile(path, hashlib.sha256(content).hexdigest()))
    return files


def open_loop() -> SshHost:
    return SshHost(HostSettings("loop"), "loop")


def send_ours(rig: SshRig, photos: list[HostFile]) -> None:
    host = open_loop()
    host.put(photos)
    host.close()


def send_tar(rig: SshRig, photos: list[HostFile]) -> None:
    folder, place = photos[0].path.parent, rig.device.home / "tar"
    line = f"tar -C {folder} -cf - . | ssh -F {rig.config} loop 'mkdir {place} && tar -C {place} -xf -'"
    subprocess.run(["sh", "-c", line], check=True, timeout=300)


def send_rsync(rig: SshRig, photos: list[HostFile]) -> None:
    folder, place = photos[0].path.parent, rig.device.home / "rsync"
    command = ["rsync", "-a", "-e", f"ssh -F {rig.config}", f"{folder}/", f"loop:{place}/"]
    subprocess.run(command, check=True, timeout=300)


def seconds_of(send: Callable[[SshRig, list[HostFile]], None], rig: SshRig, photos: list[HostFile]) -> float:
    """Return the wall time of one sending, connecting included, onto a device that has none of it."""
    for name in ("tar", "rsync", ".cache"):
        shutil.rmtree(rig.device.home / name, ignore_errors=True)
    started = time.perf_counter()
    send(rig, photos)
    return time.perf_counter() - started


def test_photos_are_sent_about_as_fast_as_by_tar(rig: SshRig, photos: list[HostFile]) -> None:
    ways: dict[str, Callable[[SshRig, list[HostFile]], None]] = {"tar | ssh": send_tar, "ours": send_ours}
    if shutil.which("rsync"):
        ways["rsync"] = send_rsync
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, send in ways.items():
            samples[name].append(seconds_of(send, rig, photos))
    megabytes = PHOTOS * PHOTO_BYTES / 1e6
    print(f"\n{PHOTOS} photos of {PHOTO_BYTES} bytes, connecting included, median of {ROUNDS}:")
    for name, values in samples.items():
        middle, spread = statistics.median(values), f"{min(values):.2f} to {max(values):.2f}"
        print(f"{name:<10} {middle:6.2f} s ({spread}) {megabytes / middle:5.0f} MB/s")
    ratios = [tar / ours for tar, ours in zip(samples["tar | ssh"], samples["ours"], strict=True)]
    print(f"our rate over tar's, of each pair: {statistics.median(ratios):.2f} (target 0.70)")


def test_a_second_run_sends_next_to_nothing(rig: SshRig, photos: list[HostFile]) -> None:
    for run in ("first", "second"):
        host = open_loop()
        started = time.perf_counter()
        host.put(photos)
        seconds, sent = time.perf_counter() - started, host.traffic
        host.close()
        print(f"\n{run} run: {sent.num_bytes_sent} bytes sent, {sent.num_files_sent} files, {seconds:.2f} s")


def test_the_first_words_of_a_connection(rig: SshRig) -> None:
    open_loop().call("ping")
    rows: dict[str, list[float]] = {"ssh true": [], "ssh python3": [], "our session": [], "one request": []}
    for _ in range(ROUNDS):
        rows["ssh true"].append(_timed(lambda: rig.run("loop", "true")))
        rows["ssh python3"].append(_timed(lambda: rig.run("loop", "python3 -Ic 'import json'")))
        host = open_loop()
        rows["our session"].append(_timed(lambda host=host: host.call("ping")))  # type: ignore[misc]
        rows["one request"].append(_timed(lambda host=host: host.call("ping")))  # type: ignore[misc]
        host.close()
    print(f"\n{sys.platform}, milliseconds, median of {ROUNDS}")
    for name, values in rows.items():
        print(f"{name:<12} {statistics.median(values) * 1e3:8.2f}")


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
