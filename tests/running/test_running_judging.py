"""What a journal amounts to, which boards are alike, who takes turns: pure rules of the run loop."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from bench.core.measure import MeasureOptions
from bench.running.judging import Expected, judge, timed_lines
from bench.running.likeness import differences, other_machine, version_changes
from bench.running.team import StoppedError, Team
from bench.running.turns import Turns

OPTIONS = MeasureOptions(rounds=5)
PI = {
    "board": "Pi 5",
    "cpu": "A76",
    "architecture": "aarch64",
    "ram_bytes": 8.4e9,
    "runtimes": {"litert": "2"},
}


def line(kind: str, board: str = "", **values: Any) -> dict[str, Any]:
    return {"kind": kind, "status": "ok", "valid": True, "board": board, "seconds": 1.0, **values}


def journal(board: str = "", rounds: int = 5) -> list[dict[str, Any]]:
    """Make the lines of a board that has taken all but perhaps some rounds."""
    shard = line("accuracy", board, image_ids=[1, 2], file=board)
    memory = [line("memory", board)] * 3
    return [line("check", board), shard, *memory, *[line("latency", board)] * rounds]


def test_a_whole_journal_is_good() -> None:
    assert judge(journal(), Expected(2, OPTIONS)).status == "ok"


def test_a_case_is_whole_on_every_board_or_it_is_invalid() -> None:
    expected = Expected(2, OPTIONS, boards=("a", "b"))
    assert judge([*journal("a"), *journal("b")], expected).status == "ok"
    found = judge([*journal("a"), *journal("b", 4)], expected)
    assert (found.status, found.reason) == ("invalid", "on b: 4 valid rounds of at least 5; 0 were invalid")


def test_what_breaks_on_one_board_breaks_the_case_and_says_where() -> None:
    broken = line("memory", "b", status="failed", reason="killed by SIGILL", stderr_tail=["last"])
    found = judge([*journal("a"), broken, *journal("a")], Expected(2, OPTIONS, boards=("a", "b")))
    assert (found.status, found.reason, found.stderr_tail) == ("failed", "on b: killed by SIGILL", ("last",))


def test_a_lost_host_fails_what_is_not_whole_and_nothing_else() -> None:
    lost = Expected(2, OPTIONS, loss="pi: no route to host")
    assert judge(journal(), lost).status == "ok"
    for lines in (journal(rounds=4), journal()[1:], [], journal()[2:]):
        found = judge(lines, lost)
        assert found.status == "failed" and found.reason.startswith("pi: no route to host")


def test_rounds_of_a_lost_board_count_only_where_there_are_enough() -> None:
    lines = [*journal("a"), *journal("b", 2)]
    expected = Expected(2, OPTIONS, boards=("a", "b"), lost_boards={"b": "gone"})
    assert judge(lines, expected).status == "ok"
    assert {one["board"] for one in timed_lines(lines, expected)} == {"a"}
    assert {one["board"] for one in timed_lines([*lines, *journal("b", 3)], expected)} == {"a", "b"}


def test_causes_of_invalid_rounds_are_counted_most_common_first() -> None:
    bad = [line("latency", valid=False, causes=["throttled"])] * 2
    bad.append(line("latency", valid=False, causes=["under-voltage"]))
    found = judge([*journal(rounds=1), *bad], Expected(2, OPTIONS))
    assert found.reason == "1 valid rounds of at least 5; 3 were invalid: throttled (2), under-voltage (1)"


def test_boards_are_alike_when_hardware_and_runtimes_are() -> None:
    assert differences(PI, {**PI, "ram_bytes": 8.3e9, "boot_id": "other"}) == []
    assert differences(PI, {**PI, "ram_bytes": 4.1e9}) == ["ram bytes 8400000000.0 and 4100000000.0"]
    assert differences(PI, {**PI, "runtimes": {"litert": "3"}}) == ["litert 2 and 3"]
    assert version_changes(PI, {**PI, "runtimes": {}}) == ["litert 2 and absent"]
    assert other_machine(PI, {**PI, "cpu": "A72"}) == ["cpu 'A76' and 'A72'"]


def test_who_left_is_not_waited_for() -> None:
    team, met = Team(["a", "b"]), []
    thread = threading.Thread(target=lambda: met.append(team.meet("a")))
    thread.start()
    team.leave("b")
    thread.join(10)
    assert met == [(0, 1)]


def test_all_who_wait_are_let_go_when_a_run_stops() -> None:
    team, turns, stopped = Team(["a", "b"]), Turns(), []
    for member in ("a", "b"):
        turns.join(member)
        turns.name_machine(member, "one")

    def wait(what: Any, member: str) -> None:
        try:
            what(member)
        except StoppedError:
            stopped.append(member)

    threads = [
        threading.Thread(target=wait, args=(team.meet, "a")),
        threading.Thread(target=wait, args=(turns.wait, "b")),
    ]
    for thread in threads:
        thread.start()
    team.end()
    turns.end()
    for thread in threads:
        thread.join(10)
    assert sorted(stopped) == ["a", "b"]
    with pytest.raises(StoppedError):
        team.meet("b")


def test_turns_are_taken_on_one_machine_and_not_between_machines() -> None:
    turns = Turns()
    for member, machine in (("a", "one"), ("b", "one"), ("c", "two"), ("d", ""), ("e", "")):
        turns.join(member)
        turns.name_machine(member, machine)
    assert [turns.is_first(member) for member in "abcde"] == [True, False, True, True, True]
    turns.leave("a")
    assert turns.is_first("b")
