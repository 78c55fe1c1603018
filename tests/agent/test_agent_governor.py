"""The governor: set through sudo on request only, refused by name, and given back whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.agent import governing
from bench.agent.governing import STATE_NAME, restore_governor, restore_if_unused, set_governor
from bench.agent.ops import OpError
from bench.agent.ops.governor import governor
from bench.agent.probes import clock

# Lets through what a password-less sudo would, and notes it.
_SUDO = """#!/bin/sh
printf '%s\\n' "$*" >> "$SUDO_LOG"
[ -e "$SUDO_LOG.refuse" ] && { echo "sudo: a password is required" >&2; exit 1; }
[ "$1" = -n ] && [ "$2" = -- ] || exit 1
shift 2
exec "$@"
"""


class Board:
    """Two policies and a user who may use sudo."""

    def __init__(self, folder: Path) -> None:
        self.root, self.log = folder / "root", folder / "sudo.log"
        self.root.mkdir()
        for number, name in ((0, "ondemand"), (4, "schedutil")):
            policy = folder / "cpufreq" / f"policy{number}"
            policy.mkdir(parents=True)
            (policy / "scaling_governor").write_text(name + "\n")
            (policy / "scaling_available_governors").write_text("ondemand schedutil performance \n")

    def refuse(self) -> None:
        (self.log.parent / "sudo.log.refuse").touch()

    def allow(self) -> None:
        (self.log.parent / "sudo.log.refuse").unlink()

    def state(self) -> Any:
        return json.loads((self.root / STATE_NAME).read_text())

    def change_state(self, **values: Any) -> None:
        (self.root / STATE_NAME).write_text(json.dumps({**self.state(), **values}))


BEFORE = {"policy0": "ondemand", "policy4": "schedutil"}
FAST = dict.fromkeys(BEFORE, "performance")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    made = Board(tmp_path)
    monkeypatch.setattr(clock, "_POLICIES", tmp_path / "cpufreq")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sudo").write_text(_SUDO)
    (tools / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    monkeypatch.setenv("SUDO_LOG", str(made.log))
    return made


def dead_process() -> int:
    return subprocess.Popen([sys.executable, "-c", ""]).pid


def test_all_policies_are_set_and_given_back_what_each_had(board: Board) -> None:
    assert set_governor(board.root, "performance") == BEFORE
    assert clock.read_governors() == FAST
    assert restore_governor(board.root) == BEFORE
    assert clock.read_governors() == BEFORE
    assert not (board.root / STATE_NAME).exists() and restore_governor(board.root) == {}
    assert all(line.startswith("-n -- tee /") for line in board.log.read_text().splitlines())


def test_setting_twice_gives_back_what_was_there_at_first(board: Board) -> None:
    set_governor(board.root, "performance")
    assert set_governor(board.root, "ondemand") == BEFORE
    restore_governor(board.root)
    assert clock.read_governors() == BEFORE


@pytest.mark.parametrize("name", ["turbo", "", "performance ../../etc", "None"])
def test_a_name_that_the_kernel_does_not_offer_is_refused_and_nothing_is_touched(
    board: Board, name: str
) -> None:
    with pytest.raises(OpError, match=r"governor: got .*, expected one of ondemand, schedutil, performance"):
        set_governor(board.root, name)
    assert clock.read_governors() == BEFORE and not board.log.exists()


def test_a_machine_without_governors_says_so(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_POLICIES", board.root / "absent")
    with pytest.raises(OpError, match="offers no frequency governors; leave --set-governor out"):
        set_governor(board.root, "performance")


def test_a_sudo_that_wants_a_password_is_told_with_what_to_do(board: Board) -> None:
    board.refuse()
    with pytest.raises(OpError, match=r"a password is required\); --set-governor needs sudo without a pass"):
        set_governor(board.root, "performance")
    assert clock.read_governors() == BEFORE


def test_what_somebody_else_has_set_since_then_stays(board: Board) -> None:
    set_governor(board.root, "performance")
    clock.policy_folder("policy0").joinpath("scaling_governor").write_text("schedutil\n")
    assert restore_governor(board.root) == {"policy4": "schedutil"}
    assert clock.read_governors() == {"policy0": "schedutil", "policy4": "schedutil"}


def test_the_last_to_leave_puts_it_back(board: Board) -> None:
    set_governor(board.root, "performance")
    # The controller is gone, its session ends, the keeper goes on measuring.
    restore_if_unused(board.root, is_keeper_running=True)
    assert clock.read_governors() == FAST
    # The keeper ends, as another process; the session is dead by then.
    board.change_state(holder=dead_process())
    restore_if_unused(board.root, is_keeper_running=False)
    assert clock.read_governors() == BEFORE


def test_a_live_session_keeps_it_when_the_keeper_ends(board: Board) -> None:
    set_governor(board.root, "performance")
    board.change_state(holder=os.getppid(), start=governing._start(os.getppid()))
    restore_if_unused(board.root, is_keeper_running=False)
    assert clock.read_governors() == FAST


def test_another_process_with_the_number_of_a_dead_session_does_not_keep_it(board: Board) -> None:
    set_governor(board.root, "performance")
    board.change_state(holder=os.getppid(), start="1")
    restore_if_unused(board.root, is_keeper_running=False)
    assert clock.read_governors() == BEFORE


def test_the_next_session_takes_over_while_a_keeper_runs(board: Board) -> None:
    set_governor(board.root, "performance")
    board.change_state(holder=dead_process())
    restore_if_unused(board.root, is_keeper_running=True)
    assert board.state()["holder"] == os.getpid() and clock.read_governors() == FAST


def test_what_another_boot_left_is_forgotten(board: Board) -> None:
    set_governor(board.root, "performance")
    board.change_state(boot_id="another")
    restore_if_unused(board.root, is_keeper_running=False)
    assert not (board.root / STATE_NAME).exists() and clock.read_governors() == FAST


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json"])
def test_a_damaged_file_breaks_nothing(board: Board, content: str) -> None:
    (board.root / STATE_NAME).write_text(content)
    restore_if_unused(board.root, is_keeper_running=False)
    assert set_governor(board.root, "performance") == BEFORE


def test_a_refused_restore_is_tried_again_later(board: Board) -> None:
    set_governor(board.root, "performance")
    board.refuse()
    restore_if_unused(board.root, is_keeper_running=False)
    assert clock.read_governors() == FAST
    board.allow()
    restore_if_unused(board.root, is_keeper_running=False)
    assert clock.read_governors() == BEFORE


def test_the_operation_shows_sets_and_restores(board: Board) -> None:
    session: Any = SimpleNamespace(root=board.root)
    shown = governor(session, {"action": "show"}, b"")
    assert shown == {"governors": BEFORE, "available": ["ondemand", "schedutil", "performance"]}
    done = governor(session, {"action": "set", "set": "performance"}, b"")
    assert (done["governors"], done["before"]) == (FAST, BEFORE)
    assert governor(session, {"action": "restore"}, b"")["restored"] == BEFORE
    with pytest.raises(OpError, match="action: got 'raise', expected one of show, set, restore"):
        governor(session, {"action": "raise"}, b"")


def test_the_governor_needs_nothing_but_the_standard_library() -> None:
    path = f"import sys; sys.path.insert(0, {os.getcwd()!r})"
    code = f"{path}; import bench.agent.ops.governor; print(*sys.modules)"
    command = [sys.executable, "-I", "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"numpy", "psutil", "PIL"} & set(loaded.stdout.split())
