"""Installing on a device: from what was sent or from an index, whole or not at all, led astray by nothing."""

# What pip prints stands here as it is, whatever its length.
# ruff: noqa: E501

from __future__ import annotations

import contextlib
import fcntl
import http.server
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from stub_wheels import file_name, make_wheel, make_wheels, sha256

from bench.agent.job_queue import JobQueue
from bench.agent.ops import OpError, filling
from bench.agent.ops import install as installing
from bench.agent.ops.install import install
from bench.agent.ops.pip_failures import name_failure
from bench.agent.ops.pip_running import clean_environment, has_pip, install_arguments, pip_command, run_told
from bench.agent.ops.runtimes import runtimes
from bench.agent.ops.uninstall import uninstall
from bench.agent.ops.unpacking import unpack_wheel
from bench.agent.ops.venv_making import is_venv, make_venv
from bench.agent.session import Session
from bench.agent.stage_zero import TAG, TAG_NAME

KEY = "py311-0123456789abcdef"


class Device:
    """Plays the session: a root folder, and what it was told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []

    def progress(self, **values: Any) -> None:
        self.lines.append(values["line"])

    def receive(self, wheels: dict[str, Path]) -> dict[str, str]:
        """Take wheels in as a controller sends them; returns the request's `wheels`."""
        (self.root / "files").mkdir(exist_ok=True)
        for path in wheels.values():
            (self.root / "files" / f"{sha256(path)}.whl").write_bytes(path.read_bytes())
        return {path.name: sha256(path) for path in wheels.values()}

    def install(self, wheels: dict[str, str], **values: Any) -> dict[str, Any]:
        request = {"key": KEY, "requirements": "", "wheels": wheels, "timeout": 60, **values}
        return install(cast(Session, self), request, b"")

    def installed(self, **values: Any) -> dict[str, Any] | None:
        answer = runtimes(cast(Session, self), {"key": KEY, **values}, b"")
        return cast("dict[str, Any] | None", answer["environment"])

    def names(self) -> set[str]:
        """Return what lies in the folder of environments."""
        return {path.name for path in (self.root / "venv").iterdir()}


@pytest.fixture
def device(tmp_path: Path) -> Device:
    root = tmp_path / "root"
    root.mkdir()
    return Device(root)


def test_what_was_sent_is_installed_under_its_key_and_removed(device: Device, tmp_path: Path) -> None:
    wheels = device.receive(make_wheels(tmp_path / "made"))
    assert device.installed() is None
    found = device.install(wheels)["environment"]
    assert set(found["packages"]) == {"numpy", "pillow", "psutil", "litert", "onnxruntime"}
    assert all(package == {"version": "1.0"} for package in found["packages"].values())
    assert found["python"] == str(device.root / "venv" / KEY / "bin" / "python") and found["made"] == "venv"
    assert device.names() == {KEY, ".lock"} and not list((device.root / "files").iterdir())
    assert device.installed() == found
    done = subprocess.run(
        [found["python"], "-I", "-c", "import numpy, sys; print(numpy.__file__, sys.prefix)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(str(device.root / "venv" / KEY) in word for word in done.stdout.split())


def test_a_second_installation_does_nothing(device: Device, tmp_path: Path) -> None:
    first = device.install(device.receive(make_wheels(tmp_path / "made")))
    device.lines.clear()
    assert device.install({}) == first and not device.lines


def test_the_environment_sees_nothing_of_the_system_s_packages(device: Device, tmp_path: Path) -> None:
    python = device.install(device.receive(make_wheels(tmp_path / "made")))["environment"]["python"]
    code = "import sys; print([p for p in sys.path if 'site-packages' in p or 'dist-packages' in p])"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("-packages") == 1 and str(device.root) in done.stdout


def test_an_installation_that_was_killed_is_never_taken_for_a_whole_one(
    device: Device, tmp_path: Path
) -> None:
    left = device.root / "venv" / f"{KEY}.12345.scratch" / "bin"
    left.mkdir(parents=True)
    # A folder under the right name but without the last file, as of a copy that was cut short.
    (device.root / "venv" / KEY / "bin").mkdir(parents=True)
    assert device.installed() is None
    device.install(device.receive(make_wheels(tmp_path / "made")))
    assert device.installed() is not None and device.names() == {KEY, ".lock"}


def test_an_environment_whose_python_is_gone_is_made_anew(device: Device, tmp_path: Path) -> None:
    wheels = make_wheels(tmp_path / "made")
    found = device.install(device.receive(wheels))["environment"]
    for name in ("python", "python3"):
        link = Path(found["python"]).with_name(name)
        link.unlink()
        link.symlink_to("/usr/bin/python3.2")
    assert device.installed() is None
    assert device.install(device.receive(wheels))["environment"]["packages"] == found["packages"]


def test_environments_of_other_packages_are_removed_after_a_new_one_is_there(
    device: Device, tmp_path: Path
) -> None:
    old = device.root / "venv" / "py311-aaaaaaaaaaaaaaaa"
    old.mkdir(parents=True)
    device.install(device.receive(make_wheels(tmp_path / "made")))
    assert not old.exists()


def test_a_wheel_that_is_not_the_pinned_one_is_refused_and_leaves_nothing(
    device: Device, tmp_path: Path
) -> None:
    wheels = device.receive(make_wheels(tmp_path / "made"))
    (device.root / "files" / f"{wheels[file_name('psutil')]}.whl").write_bytes(b"something else")
    with pytest.raises(OpError, match="psutil-1.0-py3-none-any.whl: its hash is .*, expected"):
        device.install(wheels)
    assert device.names() == {".lock"} and device.installed() is None


def test_a_wheel_that_was_not_sent_is_named(device: Device, tmp_path: Path) -> None:
    wheels = device.receive(make_wheels(tmp_path / "made"))
    (device.root / "files" / f"{wheels[file_name('pillow')]}.whl").unlink()
    with pytest.raises(OpError, match="was not sent, expected pillow-1.0-py3-none-any.whl"):
        device.install(wheels)
    assert device.names() == {".lock"}


@pytest.mark.parametrize(
    "name", ["../outside.py", "/etc/outside", "a/../../outside", "x-1.0.data/scripts/run", "a\\..\\b"]
)
def test_a_wheel_may_write_below_the_packages_folder_only(name: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "numpy", name, "x = 1\n")
    packages = tmp_path / "packages"
    packages.mkdir()
    with pytest.raises(OpError, match="which unpacking must not install"):
        unpack_wheel(wheel, sha256(wheel), wheel.name, packages)
    assert not list(packages.iterdir())


def test_a_link_in_a_wheel_is_refused(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "numpy", "numpy/__init__.py", "")
    link = zipfile.ZipInfo("numpy/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(OpError, match="numpy/link"):
        unpack_wheel(wheel, sha256(wheel), wheel.name, tmp_path)


def test_one_broken_runtime_does_not_keep_the_other_away(device: Device, tmp_path: Path) -> None:
    crash = "import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n"
    found = device.install(device.receive(make_wheels(tmp_path / "made", onnxruntime=crash)))
    packages = found["environment"]["packages"]
    assert packages["onnxruntime"] == {"error": "killed by SIGILL while it was imported"}
    assert packages["litert"] == {"version": "1.0"}


@pytest.mark.parametrize(
    ("contents", "named"),
    [
        ({"numpy": "raise ImportError('libopenblas.so.0: cannot open')"}, "numpy: ImportError: libopenblas"),
        ({"onnxruntime": "raise ImportError('A')", "ai_edge_litert": "raise ImportError('B')"}, "litert:"),
    ],
)
def test_without_what_the_agent_needs_nothing_is_installed(
    contents: dict[str, str], named: str, device: Device, tmp_path: Path
) -> None:
    failure = device.install(device.receive(make_wheels(tmp_path / "made", **contents)))["failure"]
    assert failure["cause"] == "import" and named in failure["message"]
    assert device.names() == {".lock"}


def test_a_test_of_the_runtimes_sees_what_broke_since(device: Device, tmp_path: Path) -> None:
    found = device.install(device.receive(make_wheels(tmp_path / "made")))["environment"]
    next(Path(found["python"]).parents[1].glob("lib/*/site-packages/psutil/__init__.py")).write_text("1/0")
    assert device.installed() == found
    tested = device.installed(test=True)
    assert tested is not None and "ZeroDivisionError" in tested["packages"]["psutil"]["error"]


def test_too_little_room_is_told_with_numbers_before_anything_is_made(device: Device) -> None:
    with pytest.raises(OpError, match=r"MiB are free there, expected \d+; make room, or name another") as no:
        device.install({}, needed_bytes=1 << 60)
    assert no.value.kind == "disk_full" and device.names() == {".lock"}


def test_two_installations_do_not_run_at_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_WAIT_SECONDS", 0.0)
    (device.root / "venv").mkdir()
    with open(device.root / "venv" / ".lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(OpError, match="another setup of this device") as busy:
            device.install({})
    assert busy.value.kind == "busy"


def test_nothing_is_installed_or_removed_below_jobs_that_run(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    (device.root / TAG_NAME).write_text(TAG)
    monkeypatch.setattr(JobQueue, "keeper", lambda queue: (1, None))
    for op in (lambda: device.install({}), lambda: uninstall(cast(Session, device), {}, b"")):
        with pytest.raises(OpError, match="jobs run there; let them end") as busy:
            op()
        assert busy.value.kind == "busy"
    assert (device.root / TAG_NAME).exists()


def test_a_folder_without_our_mark_is_not_removed(device: Device) -> None:
    (device.root / "files").mkdir()
    with pytest.raises(OpError, match="has no CACHEDIR.TAG of ours; nothing was removed"):
        uninstall(cast(Session, device), {}, b"")
    (device.root / TAG_NAME).write_text("Signature: 8a477f597d28d172789f06886806bc55\n# of another program\n")
    with pytest.raises(OpError, match="has no CACHEDIR.TAG of ours"):
        uninstall(cast(Session, device), {}, b"")
    assert (device.root / "files").is_dir()


@pytest.mark.parametrize(
    "values",
    [
        {"key": "../../x"},
        {"key": "py311-0123456789abcdef/"},
        {"wheels": {"../x.whl": "0" * 64}},
        {"wheels": {"x.whl": "../../etc"}},
        {"wheels": {"-x.whl": "0" * 64}},
        {"wheels": {"x.whl": "0" * 64}, "pip": "y.whl"},
        {"requirements": 5},
        {"timeout": "long"},
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(values: dict[str, Any], device: Device) -> None:
    with pytest.raises(OpError) as refusal:
        device.install(**{"wheels": {}, **values})
    assert refusal.value.kind == "bad_request" and not (device.root / "venv").exists()


def test_a_device_without_pip_says_so_and_keeps_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "has_pip", lambda: False)
    assert device.install({})["failure"]["cause"] == "no_pip"
    assert device.names() == {".lock"}


def test_a_python_without_pip_or_with_an_old_one_has_none(tmp_path: Path) -> None:
    def python(text: str) -> str:
        path = tmp_path / "python3"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    assert not has_pip(python("echo 'No module named pip' >&2; exit 1"))
    assert not has_pip(python("echo 'pip 20.3.4 from /usr/lib (python 3.11)'"))
    assert has_pip(python("echo 'pip 22.3 from /usr/lib (python 3.11)'"))
    assert not has_pip(str(tmp_path / "absent"))


@pytest.mark.parametrize("python", ["/bin/false", "/absent/python3"])
def test_without_the_module_venv_an_environment_is_made_by_hand(python: str, tmp_path: Path) -> None:
    assert make_venv(tmp_path / "by hand", python) == "plain"
    assert make_venv(tmp_path / "by module") == "venv"
    assert is_venv(tmp_path / "by hand")
    code = "import sys; print(sys.prefix != sys.base_prefix, [p for p in sys.path if 'packages' in p])"
    for name in ("by hand", "by module"):
        done = subprocess.run(
            [str(tmp_path / name / "bin" / "python"), "-I", "-c", code],
            capture_output=True,
            text=True,
            check=True,
        )
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        assert done.stdout == f"True ['{tmp_path / name}/lib/{version}/site-packages']\n"


@contextlib.contextmanager
def hostile_index() -> Iterator[tuple[str, list[str]]]:
    """Serve as a package index that notes what it is asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *words: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/simple", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _make_hostile(tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steer pip elsewhere by every means: the user's file, a system's file, variables."""
    text = f"[global]\nindex-url = {index}\nextra-index-url = {index}\nno-binary = :all:\nbreak-system-packages = 1\n"
    for place in ("home/.config/pip", "home/.pip", "system/pip"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "pip.conf").write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "system"))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "system" / "pip" / "pip.conf"))
    for name, value in {"INDEX_URL": index, "EXTRA_INDEX_URL": index, "TARGET": str(tmp_path / "t")}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    # The real index, wherever it is, cannot be reached from here.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")


def test_a_configuration_that_names_another_index_is_not_followed(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile_index() as (index, asked):
        _make_hostile(tmp_path, index, monkeypatch)
        told = device.install({}, requirements=f"psutil==1.0 --hash=sha256:{'0' * 64}\n", network_seconds=20)
        assert told["failure"]["cause"] == "network" and not asked
        # The trap is a real one: without our precautions pip walks into it.
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--retries", "0", "psutil==1.0", "-d", str(tmp_path)],
            capture_output=True,
            check=False,
        )
        assert asked
    assert device.names() == {".lock"} and not (tmp_path / "t").exists()


def test_nothing_that_steers_pip_or_python_reaches_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "x")
    monkeypatch.setenv("PYTHONPATH", "x")
    environment = clean_environment(tmp_path)
    assert environment["PIP_CONFIG_FILE"] == "/dev/null" and environment["TMPDIR"] == str(tmp_path)
    steering = {name for name in environment if name.startswith(("PIP_", "PYTHON"))}
    assert steering == {"PIP_CONFIG_FILE"}


def test_pip_is_told_to_take_nothing_but_pinned_wheels(tmp_path: Path) -> None:
    arguments = install_arguments(tmp_path / "r.txt")
    assert {"--require-hashes", "--no-deps", "--no-cache-dir", "--no-input"} <= set(arguments)
    assert arguments[arguments.index("--only-binary") + 1] == ":all:"
    assert not any("index" in word for word in arguments)
    wheel = tmp_path / "pip-26.3-py3-none-any.whl"
    assert pip_command(tmp_path / "python", wheel)[-1] == f"{wheel}/pip"
    assert pip_command(tmp_path / "python", None, "py")[:5] == ["py", "-I", "-m", "pip", "--python"]


def test_a_program_is_told_line_by_line_and_killed_when_it_is_time() -> None:
    lines: list[str] = []

    def goes_on(line: str) -> bool:
        lines.append(line)
        return line != "two"

    code = "import time\nfor word in ('one', 'two', 'three'): print(word, flush=True)\ntime.sleep(60)"
    began = time.monotonic()
    exit_code, kept = run_told([sys.executable, "-c", code], {}, 60, goes_on)
    assert exit_code is None and lines == kept == ["one", "two"]
    exit_code, _ = run_told([sys.executable, "-c", "import time; time.sleep(60)"], {}, 0.3, lambda line: True)
    assert exit_code is None and time.monotonic() - began < 20
    assert run_told([sys.executable, "-c", "print(1, end='')"], {}, 60, lambda line: True) == (0, ["1"])


def test_an_index_from_which_nothing_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device(Path())
    watch = filling.Watch(cast(Session, device), time.monotonic() + 3600)
    assert watch.goes_on("Collecting numpy") and watch.deadline is not None
    watch.deadline = time.monotonic() - 1
    assert not watch.goes_on("")
    fed = filling.Watch(cast(Session, device), time.monotonic() - 1)
    assert fed.goes_on("Downloading numpy-1.whl (14 MB)") and fed.goes_on("")


@pytest.mark.parametrize(
    ("lines", "code", "cause", "text"),
    [
        (["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"], 1, "disk_full", "the disk is full"),
        (["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."], 1, "hash", "its hash differs"),
        (["WARNING: Retrying ... SSLCertVerificationError: certificate is not yet valid"], 1, "clock", "set the device's clock"),
        (["WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('", "ERROR: No matching distribution found for numpy==2"], 1, "network", "cannot be reached from there"),
        (["ERROR: Could not find a version that satisfies the requirement numpy==2 (from versions: none)", "ERROR: No matching distribution found for numpy==2"], 1, "network", "cannot be reached from there, or lacks a package"),
        (["ERROR: Could not find a version that satisfies the requirement numpy==2 (from versions: 1.0)", "ERROR: No matching distribution found for numpy==2"], 1, "no_wheel", "there is no wheel of numpy==2 for this device"),
        (["/usr/bin/python3: No module named pip"], 1, "no_pip", "there is no pip"),
        (["something new"], 3, "other", "pip ended with exit code 3 (something new)"),
        (["Installing"], None, "time", "did not come to an end in time"),
    ],
)  # fmt: skip
def test_why_pip_failed_is_named(lines: list[str], code: int | None, cause: str, text: str) -> None:
    found, sentence = name_failure(lines, code)
    assert found == cause and text in sentence
