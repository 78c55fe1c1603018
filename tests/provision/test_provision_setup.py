"""Setting up: which way packages go, from the device's answers; then over a real SSH server."""

# What pip prints stands here as it is, whatever its length.
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stub_wheels import make_wheels, sha256

from bench.core.host import HostSettings
from bench.errors import HostError
from bench.hosts.base import HostFile, OnTransfer
from bench.hosts.provision import download, ensure_ready, find_installed, set_up
from bench.hosts.provision.check import check_board, describe_holder, observe
from bench.hosts.provision.locks import Environment, Wheel
from bench.hosts.provision.setup import Setup, shorten
from bench.hosts.ssh.host import SshHost

PYTHON = (sys.version_info[0], sys.version_info[1])
STATE = {"python": "/root/venv/k/bin/python", "packages": {"numpy": {"version": "1.0"}}}


class PlayedBoard:
    """Answers from a script: one answer to each `install`, in their order."""

    def __init__(self, *answers: dict[str, Any], is_ready: bool = False) -> None:
        self.hello: dict[str, Any] = {"python": [3, 11, 2], "machine": "aarch64"}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.sent: list[HostFile] = []
        self._answers, self._is_ready = list(answers), is_ready

    def call(
        self,
        op: str,
        body: bytes = b"",
        timeout_seconds: float = 0,
        on_progress: Callable[[dict[str, Any]], None] | None = None,
        **values: Any,
    ) -> tuple[dict[str, Any], bytes]:
        self.asked.append((op, values))
        if op == "runtimes":
            return {"environment": STATE if self._is_ready else None}, b""
        assert op == "install" and on_progress is not None
        for line in (
            "",
            "Collecting numpy==1.0 (from -r /x/requirements.txt)",
            "Installing collected packages: numpy",
        ):
            on_progress({"line": line})
        return self._answers.pop(0), b""

    def put(self, files: Sequence[HostFile], on_transfer: OnTransfer | None = None) -> dict[str, str]:
        self.sent += files
        return {}

    @property
    def installs(self) -> list[dict[str, Any]]:
        return [values for op, values in self.asked if op == "install"]


def failed(cause: str) -> dict[str, Any]:
    return {"failure": {"cause": cause, "message": f"because of {cause}"}}


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let downloads of the played boards come from nowhere; returns what was fetched."""
    names: list[str] = []

    def fetch(environment: Environment, wheels: Sequence[Wheel], on_line: Any) -> dict[str, HostFile]:
        names.extend(wheel.name for wheel in wheels)
        return {wheel.file: HostFile(Path(wheel.file), wheel.sha256) for wheel in wheels}

    monkeypatch.setattr("bench.hosts.provision.setup.fetch_wheels", fetch)
    return names


def test_a_board_that_is_ready_is_asked_one_question_and_sent_nothing() -> None:
    board = PlayedBoard(is_ready=True)
    assert ensure_ready(board, HostSettings("pi5")) == "/root/venv/k/bin/python"
    assert [op for op, _ in board.asked] == ["runtimes"] and not board.sent
    assert not set_up(board).is_new


def test_the_device_s_own_pip_comes_first_and_is_told_every_hash(fetched: list[str]) -> None:
    board, lines = PlayedBoard({"environment": STATE}), []
    assert set_up(board, "auto", lines.append).is_new
    (install,) = board.installs
    assert not install["wheels"] and not install["pip"] and not fetched and not board.sent
    assert install["requirements"].count("--hash=sha256:") == len(install["requirements"].splitlines()) > 5
    assert install["key"].startswith("py311-") and install["needed_bytes"] > 100_000_000
    assert lines == ["the device installs its packages", "installing what was fetched"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl (16.0 MB)", "fetching numpy-2.4.6 (16.0 MB)"),
        ("unpacking ai_edge_litert-2.3.0-cp311-cp311-manylinux_2_27_aarch64.whl (4 of 12)", "unpacking ai_edge_litert-2.3.0 (4 of 12)"),
        ("unpacking backports_strenum-1.2.8-py3-none-any.whl (5 of 12)", "unpacking backports_strenum-1.2.8 (5 of 12)"),
        ("Collecting numpy==2.4.6", ""),
        ("WARNING: Retrying", "WARNING: Retrying"),
        ("", ""),
    ],
)  # fmt: skip
def test_of_what_the_device_says_the_short_of_it_is_told(line: str, told: str) -> None:
    assert shorten(line) == told


@pytest.mark.parametrize("cause", ["no_pip", "network", "hash", "certificate", "clock", "no_wheel", "time"])
def test_where_the_device_cannot_fetch_them_packages_are_sent(cause: str, fetched: list[str]) -> None:
    board, lines = PlayedBoard(failed(cause), {"environment": STATE}), []
    assert set_up(board, "auto", lines.append).is_new
    assert len(board.sent) == len(board.installs[1]["wheels"]) > 5 and "pip" not in fetched
    assert f"the device does not fetch its packages itself: because of {cause}" in lines


def test_what_sending_cannot_mend_is_not_sent() -> None:
    board = PlayedBoard(failed("import"))
    with pytest.raises(HostError, match="because of import"):
        set_up(board, "auto")
    assert not board.sent


def test_a_device_that_shall_fetch_itself_gets_a_pip_and_nothing_else(fetched: list[str]) -> None:
    board = PlayedBoard(failed("no_pip"), {"environment": STATE})
    assert set_up(board, "device").is_new
    assert fetched == ["pip"] and board.installs[1]["pip"].startswith("pip-")
    with pytest.raises(HostError, match="because of network; try --wheels controller"):
        set_up(PlayedBoard(failed("network")), "device")


def test_from_the_controller_the_device_s_pip_is_not_even_tried(fetched: list[str]) -> None:
    board = PlayedBoard({"environment": STATE})
    ensure_ready(board, HostSettings("pi5", wheels="controller"))
    assert len(board.installs) == 1 and len(board.sent) == len(fetched) > 5


def test_a_board_that_nothing_is_pinned_for_is_refused_by_name() -> None:
    board = PlayedBoard()
    board.hello = {"python": [3, 14, 0], "machine": "aarch64"}
    with pytest.raises(HostError, match=r"no wheels are pinned for Python 3\.14 on aarch64"):
        set_up(board)
    board.hello = {"python": [3, 11, 2], "machine": "riscv64"}
    with pytest.raises(HostError, match=r"Python 3\.11 on riscv64"):
        set_up(board)


def test_who_holds_a_board_is_one_sentence() -> None:
    assert describe_holder({"owner": None, "run": None, "age_seconds": None}) == ""
    held = {"owner": "ann@desk", "run": "7", "age_seconds": 200.0}
    assert describe_holder(held) == "ann@desk measures there, run 7, for 3 min"


def test_an_unreachable_board_is_one_problem_with_the_reason() -> None:
    class Away:
        @property
        def hello(self) -> dict[str, Any]:
            raise HostError("pi5: is a 32-bit system (armv7l)")

    (finding,) = check_board(Away(), HostSettings("pi5"))  # type: ignore[arg-type]
    assert (finding.status, finding.cure) == ("problem", "pi5: is a 32-bit system (armv7l)")


# Over SSH, with hand-made wheels: everything but their size is real.


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Return an environment of hand-made wheels that this machine keeps already."""
    monkeypatch.undo()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "wheels"
    kept.mkdir(parents=True)
    wheels = []
    for name, path in make_wheels(tmp_path / "made").items():
        digest = sha256(path)
        path.rename(kept / f"{digest}.whl")
        size = (kept / f"{digest}.whl").stat().st_size
        wheels.append(Wheel(name, "1.0", path.name, digest, size, "any"))
    pip = Wheel("pip", "1.0", "pip-1.0-py3-none-any.whl", "0" * 64, 1, "any")
    return Environment("py311-00000000000000aa", PYTHON, tuple(wheels), pip)


@pytest.fixture
def board(ssh_rig: Any, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshHost]:
    """Return the first device of the SSH server."""
    for name, value in ssh_rig.environment.items():
        monkeypatch.setenv(name, value)
    host = SshHost(HostSettings("loop", boards=("loop",)), "loop", patience_seconds=20)
    yield host
    host.close()


def test_over_ssh_packages_are_sent_once_and_a_second_setup_sends_nothing(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    installed = Setup(board, environment, lambda line: None).run("controller")
    assert installed.packages["litert"] == {"version": "1.0"}
    assert board.traffic.num_files_sent == len(environment.wheels)
    sent = board.traffic.num_bytes_sent
    again = find_installed(board, environment)
    assert again is not None and again.python == installed.python and not again.is_new
    assert board.traffic.num_files_sent == len(environment.wheels)
    assert board.traffic.num_bytes_sent - sent < 2000
    assert installed.python.startswith(str(ssh_rig.device.cache)) and os.access(installed.python, os.X_OK)


def test_over_ssh_nothing_stays_resident_after_a_setup(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    Setup(board, environment, lambda line: None).run("controller")
    board.close()
    deadline = time.monotonic() + 10
    while ssh_rig.device.processes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not ssh_rig.device.processes()


def test_over_ssh_a_setup_that_is_cut_goes_on_and_ends_whole(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    cuts: list[int] = []

    def cut_once(line: str) -> None:
        if "unpacking" in line and not cuts:
            cuts.append(ssh_rig.cut_connections())

    installed = Setup(board, environment, cut_once).run("controller")
    assert cuts and set(installed.packages) >= {"numpy", "litert", "onnxruntime"}
    names = {path.name for path in (ssh_rig.device.cache / "venv").iterdir()}
    assert names == {environment.key, ".lock"}


def test_over_ssh_a_device_without_a_network_is_sent_what_it_cannot_fetch(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    """Its pip, where it has one, asks an index that a dead proxy keeps from it."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        ssh_rig.device.environment[name] = ssh_rig.device.environment[name.upper()] = "http://127.0.0.1:9"
    ssh_rig.restart()
    lines: list[str] = []
    installed = Setup(board, environment, lines.append).run("auto")
    assert installed.packages["onnxruntime"] == {"version": "1.0"}
    assert any(line.startswith("the device does not fetch its packages itself: ") for line in lines)
    assert board.traffic.num_files_sent == len(environment.wheels)


def test_over_ssh_a_full_disk_is_told_with_numbers_and_nothing_is_left(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    ssh_rig.device.limit_disk(4096)
    large = replace(environment, wheels=tuple(replace(one, size_bytes=10**7) for one in environment.wheels))
    with pytest.raises(HostError, match=r"loop: .*venv: \d MiB are free there, expected 238; make room"):
        Setup(board, large, lambda line: None).run("controller")
    assert {path.name for path in (ssh_rig.device.cache / "venv").iterdir()} == {".lock"}


def test_over_ssh_everything_is_removed_again(board: SshHost, environment: Environment, ssh_rig: Any) -> None:
    Setup(board, environment, lambda line: None).run("controller")
    answer, _ = board.call("uninstall")
    assert answer["left"] == [] and answer["bytes"] > 100_000
    assert not ssh_rig.device.cache.exists()


def test_over_ssh_what_others_keep_in_the_folder_stays(
    board: SshHost, environment: Environment, ssh_rig: Any
) -> None:
    (ssh_rig.device.cache / "artifacts").mkdir(parents=True)
    Setup(board, environment, lambda line: None).run("controller")
    answer, _ = board.call("uninstall")
    assert answer["left"] == ["artifacts"]
    assert {path.name for path in ssh_rig.device.cache.iterdir()} == {"CACHEDIR.TAG", "artifacts"}


def test_over_ssh_a_root_with_things_of_others_is_refused(
    ssh_rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ssh_rig.environment.items():
        monkeypatch.setenv(name, value)
    (ssh_rig.device.home / "photos").mkdir()
    host = SshHost(HostSettings("loop", boards=("loop",), root="~"), "loop")
    with pytest.raises(HostError, match="holds things of others; name a new folder as `root`"):
        host.call("uninstall")
    host.close()
    assert (ssh_rig.device.home / "photos").is_dir()


def test_over_ssh_a_check_sees_the_pi_and_what_is_wrong_with_it(board: SshHost, ssh_rig: Any) -> None:
    ssh_rig.device.become_pi(temperature_c=84, throttled=0x50005)
    findings = {finding.name: finding for finding in check_board(board, board.settings)}
    assert findings["throttling now"].value == "under-voltage, throttled"
    assert findings["python"].value.startswith("3.")
    assert abs(float(findings["clock"].value.split()[0])) < 5
    assert findings["in use"].value == "by nobody"
    assert "not installed yet" in findings["runtimes"].value
    # Looking installs nothing.
    assert not (ssh_rig.device.cache / "venv").exists()


def test_over_ssh_a_clock_that_is_wrong_is_seen(board: SshHost, ssh_rig: Any) -> None:
    ssh_rig.device.shift_clock(-7200)
    ssh_rig.restart()
    finding = next(one for one in check_board(board, board.settings) if one.name == "clock")
    assert finding.status == "advice" and finding.value.startswith("-72")


def test_over_ssh_a_board_in_use_is_told(board: SshHost) -> None:
    board.lease("take", "ann@desk", "7")
    finding = next(one for one in check_board(board, board.settings) if one.name == "in use")
    assert finding.status == "problem" and "ann@desk measures there, run 7" in finding.value


def test_a_check_of_a_board_in_use_makes_no_work_there() -> None:
    asked: dict[str, dict[str, Any]] = {}

    class Held(PlayedBoard):
        def call(self, op: str, *words: Any, **values: Any) -> tuple[dict[str, Any], bytes]:
            asked[op] = values
            lease = {"owner": "ann@desk", "run": "7", "age_seconds": 60.0}
            answers = {"lease": lease, "survey": {"facts": {}}, "ping": {"time": time.time()}}
            return answers.get(op) or {"environment": STATE}, b""

    assert observe(Held(), HostSettings("pi5")).holder
    assert asked["survey"]["is_gentle"] and not asked["runtimes"]["test"]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["controller", "device"])
def test_over_ssh_the_real_packages_are_installed_and_run(
    source: Any, board: SshHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Needs a package index: of this machine's pip (controller), or the default one (device)."""
    try:
        installed = set_up(board, source)
    except HostError as problem:
        pytest.skip(f"no package index can be asked here: {problem}")
    assert {"litert", "onnxruntime", "numpy"} <= {
        name for name, found in installed.packages.items() if "version" in found
    }
    board.python = installed.python
    assert board.facts()["runtimes"]


def test_a_download_that_fails_is_told_in_pip_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    wheel = Wheel(
        "numpy", "2.4.6", "numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl", "0" * 64, 1, "aarch64"
    )
    environment = Environment("k", PYTHON, (wheel,), wheel)
    with pytest.raises(HostError, match="cannot be downloaded here: .*numpy==2.4.6"):
        download.fetch_wheels(environment, [wheel], lambda line: None)
    assert not list((tmp_path / "wheels").iterdir())


def test_a_download_of_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    made = make_wheels(tmp_path / "index")["psutil"]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    right = Wheel("psutil", "1.0", made.name, sha256(made), 1, "x86_64")
    wrong = Wheel("psutil", "1.0", made.name, "0" * 64, 1, "x86_64")
    with pytest.raises(HostError, match="HASHES|hash"):
        download.fetch_wheels(Environment("k", PYTHON, (wrong,), wrong), [wrong], lambda line: None)
    lines: list[str] = []
    files = download.fetch_wheels(Environment("k", PYTHON, (right,), right), [right], lines.append)
    assert sha256(files[made.name].path) == right.sha256 and len(lines) == 1
    # It is kept: the second time nothing is asked.
    download.fetch_wheels(Environment("k", PYTHON, (right,), right), [right], lines.append)
    assert len(lines) == 1


def test_the_locks_are_readable_by_pip_itself(tmp_path: Path) -> None:
    lock = Path(download.__file__).parent / "wheels" / f"python{PYTHON[0]}.{PYTHON[1]}.txt"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*command, "--require-hashes", "--target", str(tmp_path), "-r", str(lock), "--report", "-"],
        capture_output=True,
        text=True,
        env={**os.environ, "PIP_CONFIG_FILE": os.devnull},
    )
    # Without an index nothing is found, but every line was understood.
    assert "No matching distribution found for numpy==" in done.stderr, json.dumps(done.stderr)
