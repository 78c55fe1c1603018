"""What SSH costs: photos beside `tar | ssh` and rsync, a connection, a run beside a local one, and memory.

Figures are printed and never asserted: they are this machine's of this hour. What is compared takes turns.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from ssh_rig import SshRig

from bench.core.host import HostSettings
from bench.hosts.base import HostFile
from bench.hosts.ssh.host import SshHost

# As many photos, and as large, as a common evaluation set of a thousand has.
PHOTOS, PHOTO_BYTES, ROUNDS, RUNS = 1000, 150_000, 7, 3

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
    """Return the wall time of one sending, connecting included, onto a device that has no photo of them."""
    for name in ("tar", "rsync", ".cache/detector-bench/files"):
        shutil.rmtree(rig.device.home / name, ignore_errors=True)
    started = time.perf_counter()
    send(rig, photos)
    return time.perf_counter() - started


def test_photos_are_sent_about_as_fast_as_by_tar(rig: SshRig, photos: list[HostFile]) -> None:
    ways: dict[str, Callable[[SshRig, list[HostFile]], None]] = {"tar | ssh": send_tar, "ours": send_ours}
    if shutil.which("rsync"):
        ways["rsync"] = send_rsync
    samples: dict[str, list[float]] = {name: [] for name in ways}
    # Every run but the first finds the agent there.
    open_loop().call("ping")
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


ROOT = Path(__file__).parent.parent.parent
MODELS = ROOT / "tests" / "agent" / "models"
# Two checks, two accuracy jobs, six memory probes and eight rounds.
SUITE = f"""
name: tiny
model: {{tflite: {MODELS}/tiny_float.tflite, precision: fp32, detector:
  {{family: ltrb, input: {{size: 32}}, labels: [1, 2, 3]}}}}
data: {{rendered: {{evaluation: 50, calibration: 1, training: 1}}}}
matrix: {{runtime: [litert], threads: [1, 2]}}
measure: {{rounds: 4, warmup: 1, calls: 50, images: 4}}
"""
# What is compared are run loop and transport: the device's packages are those of the tests.
RUN = (
    "import sys, bench.hosts.provision as p; p.ensure_ready = lambda *rest: sys.executable;"
    "from bench.cli import main; sys.exit(main(sys.argv[1:]))"
)


def test_a_run_over_ssh_beside_a_local_one(rig: SshRig, tmp_path: Path) -> None:
    suite = tmp_path / "tiny.yaml"
    suite.write_text(SUITE)
    settings = {
        **os.environ,
        **rig.environment,
        "BENCH_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
    }

    def run(host: str) -> float:
        command = [sys.executable, "-c", RUN, "run", str(suite), "--host", host]
        command += ["--results", str(tmp_path / "results")]
        return _timed(lambda: subprocess.run(command, env=settings, check=True, capture_output=True))

    for host in ("local", "loop"):
        run(host)
    samples: dict[str, list[float]] = {"local": [], "loop": []}
    for _ in range(RUNS):
        for host, values in samples.items():
            values.append(run(host))
    extra = [loop - local for local, loop in zip(samples["local"], samples["loop"], strict=True)]
    for host, values in samples.items():
        print(
            f"\n{host:<6} {statistics.median(values):6.2f} s ({min(values):.2f} to {max(values):.2f})", end=""
        )
    print(f"\nover SSH a run takes {statistics.median(extra):+.2f} s (target 5.00 and the transfer)")


def test_what_a_device_keeps_in_memory(rig: SshRig, photos: list[HostFile]) -> None:
    host = open_loop()
    host.put(photos)
    (session,) = rig.device.running("bench.agent.session")
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import psutil; print(psutil.Process().memory_info().rss)"],
        check=True,
        capture_output=True,
    )
    mebibyte = 1 << 20
    print(f"\nsession after {PHOTOS} photos: {_peak(session) / mebibyte:.1f} MiB at most,", end=" ")
    print(f"{session.memory_info().rss / mebibyte:.1f} now; a bare Python {int(bare.stdout) / mebibyte:.1f}")
    host.close()


def _peak(process: psutil.Process) -> int:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
