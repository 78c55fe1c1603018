"""`bench host`: what it prints, for people and for programs, and how it exits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stub_wheels import make_wheels, sha256

from bench.cli import main
from bench.cli.host_text import Lines, show_findings
from bench.hosts.provision.findings import Finding
from bench.hosts.provision.locks import Environment, Wheel

Bench = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a function that runs `bench host ...` in a folder of its own and gives exit code and outputs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("BENCH_SSH_CONFIG", "/dev/null")
    monkeypatch.delenv("BENCH_HOSTS", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["host", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def loop(bench: Bench, ssh_rig: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Do the same with an SSH server, and hand-made packages in place of the pinned ones."""
    for name, value in ssh_rig.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    kept = tmp_path / "cache" / "wheels"
    kept.mkdir(parents=True)
    wheels = []
    for name, path in make_wheels(tmp_path / "made").items():
        digest = sha256(path)
        path.rename(kept / f"{digest}.whl")
        wheels.append(Wheel(name, "1.0", path.name, digest, 1000, "any"))
    python = (sys.version_info[0], sys.version_info[1])
    pip = Wheel("pip", "1.0", "pip-1.0-py3-none-any.whl", "0" * 64, 1, "any")
    made = Environment("py311-00000000000000bb", python, tuple(wheels), pip)
    monkeypatch.setattr("bench.hosts.provision.environment_of", lambda python, machine: made)
    return bench


def test_the_list_shows_where_each_host_was_declared(bench: Bench) -> None:
    pis = "ssh: [pi-a, pi@b], tags: [arm, rack], threads: [1, 4], target_temperature: 55, budget: 20m"
    Path("hosts.yaml").write_text(f"pis: {{{pis}}}\npi5:\n")
    code, out, _ = bench("list")
    assert code == 0
    assert out.splitlines() == [
        "host   boards        tags       threads  cool to  budget  declared",
        "local  this machine  -          -        60 C     -       built in",
        "pis    pi-a, pi@b    arm, rack  1, 4     55 C     20 min  hosts.yaml:1",
        "pi5    pi5           -          -        60 C     -       hosts.yaml:2",
    ]


def test_the_list_is_json_for_programs(bench: Bench) -> None:
    Path("own.yaml").write_text("pi5: {tags: arm}\n")
    code, out, _ = bench("list", "--hosts-file", "own.yaml", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0 and rows["pi5"]["boards"] == ["pi5"] and rows["pi5"]["declared"] == "own.yaml:1"
    assert rows["local"]["declared"] == "built in"


def test_the_schema_of_hosts_files_is_printed_for_editors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "hosts"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"ssh", "tags", "root", "wheels"} <= set(schema["additionalProperties"]["properties"])


@pytest.mark.parametrize("action", ["check", "setup", "clean", "stop"])
def test_an_unknown_host_is_wrong_use_with_the_nearest_name(action: str, bench: Bench) -> None:
    Path("hosts.yaml").write_text("pi5: {}\n")
    code, _, err = bench(action, "pj5")
    assert code == 2 and "unknown host 'pj5', did you mean 'pi5'? Known: local, pi5 (hosts.yaml)" in err


def test_this_machine_needs_no_setup(bench: Bench) -> None:
    code, _, err = bench("setup", "local")
    assert code == 2 and "local: is this machine, expected a host behind SSH" in err


def test_every_action_has_an_example_in_its_help(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("list", "check", "setup", "clean", "stop"):
        with pytest.raises(SystemExit):
            bench(action, "--help")
        assert f"example:\n  bench host {action}" in capsys.readouterr().out


def test_findings_are_aligned_and_say_what_to_do() -> None:
    findings = [Finding("python", "3.11.2"), Finding("clock", "-90 s", "advice", "set it")]
    assert show_findings("pi5", findings) == (
        "pi5\n  ok       python  3.11.2\n  advice   clock   -90 s\n                   -> set it\n"
        "pi5 can measure, 1 advised"
    )
    assert show_findings("pi5", [Finding("disk", "1 MiB", "problem", "x")]).endswith(
        "pi5 has 1 to mend before measuring"
    )


def test_a_board_that_cannot_be_reached_is_told_beside_one_that_can(loop: Bench) -> None:
    code, out, _ = loop("check", "nowhere", "loop")
    assert code == 3
    assert "problem  board  cannot be used" in out and "nowhere has 1 to mend before measuring" in out
    assert "runtimes" in out and "loop can measure" in out


def test_a_check_is_json_for_programs(loop: Bench) -> None:
    code, out, _ = loop("check", "loop", "--json")
    (row,) = json.loads(out)
    assert code == 0 and row["host"] == row["board"] == "loop"
    assert {"name": "in use", "value": "by nobody", "status": "ok", "cure": ""} in row["findings"]


def test_a_second_setup_says_that_all_is_ready_and_clean_removes_it(loop: Bench, ssh_rig: Any) -> None:
    code, out, err = loop("setup", "loop", "--wheels", "controller")
    assert code == 0 and out.startswith("loop is set up: numpy 1.0, pillow 1.0")
    assert "unpacking numpy-1.0 (1 of 5)" in err
    code, out, err = loop("setup", "loop")
    assert code == 0 and out.startswith("loop was ready, nothing was sent: numpy 1.0") and not err
    code, out, _ = loop("check", "loop")
    assert code == 0 and "numpy 1.0, pillow 1.0, psutil 1.0, litert 1.0, onnxruntime 1.0" in out
    code, out, _ = loop("clean", "loop")
    assert code == 0 and f"loop: {ssh_rig.device.cache} is removed (" in out
    assert not list(ssh_rig.device.home.glob(".cache/*"))


def test_a_setup_does_not_disturb_whoever_measures_there(
    loop: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.core.host import HostSettings
    from bench.hosts.ssh.host import SshHost

    other = SshHost(HostSettings("loop", boards=("loop",)), "loop")
    other.lease("take", "ann@desk", "7")
    code, _, err = loop("setup", "loop", "--wheels", "controller")
    assert code == 3 and "ann@desk measures there, run 7" in err
    code, out, _ = loop("check", "loop")
    assert code == 3 and "bench host stop loop" in out
    # Her run is connected: it is for her to end it.
    code, out, _ = loop("stop", "loop")
    assert code == 3 and "is still held: ann@desk measures there" in out
    other.close()


def test_stop_frees_a_board_whose_run_is_gone(loop: Bench) -> None:
    from bench.core.host import HostSettings
    from bench.hosts.ssh.host import SshHost

    other = SshHost(HostSettings("loop", boards=("loop",)), "loop")
    other.lease("take", "ann@desk", "7")
    other.close()
    code, out, _ = loop("stop", "loop")
    assert (code, out) == (0, "loop is free; jobs that were stopped: 0\n")
    code, out, _ = loop("stop", "loop", "--json")
    assert json.loads(out) == [{"host": "loop", "board": "loop", "stopped": [], "holder": ""}]


def test_progress_is_one_line_on_a_terminal_and_many_elsewhere() -> None:
    class Stream:
        def __init__(self, is_live: bool) -> None:
            self.text, self._is_live = "", is_live

        def isatty(self) -> bool:
            return self._is_live

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            pass

    def told(is_live: bool, is_quiet: bool) -> str:
        stream = Stream(is_live)
        lines = Lines(is_quiet, stream)  # type: ignore[arg-type]
        lines.tell("one")
        lines.tell("two")
        lines.close()
        return stream.text

    assert told(is_live=False, is_quiet=False) == "one\ntwo\n"
    assert told(is_live=True, is_quiet=False) == "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K"
    assert told(is_live=True, is_quiet=True) == ""
