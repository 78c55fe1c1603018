"""Names of runs and folders."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from bench.store.names import case_folder_name, new_run_id, suite_folder_name

NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)


def test_run_ids_sort_by_time_whatever_the_time_zone() -> None:
    later = (NOON + timedelta(seconds=1)).astimezone(timezone(timedelta(hours=-8)))
    assert new_run_id(NOON, "a").startswith("20261121-120000-")
    assert new_run_id(NOON, "z") < new_run_id(later, "a")


def test_two_runs_of_one_second_get_different_ids() -> None:
    assert new_run_id(NOON, "a") != new_run_id(NOON + timedelta(microseconds=1), "a")


def test_a_case_folder_reads_like_its_case() -> None:
    assert case_folder_name("ssd/int8/litert/t1@pi5").startswith("ssd--int8--litert--t1@pi5-")


def test_ids_that_read_alike_get_different_folders() -> None:
    alike = ["a/b", "a--b", "A/b", "a/b ", "a:b", "a;b"]
    assert len({case_folder_name(case).lower() for case in alike}) == len(alike)


@given(st.text(max_size=400))
def test_any_id_becomes_one_plain_folder_name(text: str) -> None:
    for name in (case_folder_name(text), suite_folder_name(text)):
        assert re.fullmatch(r"[A-Za-z0-9_@][A-Za-z0-9._@-]*", name)
        assert len(name.encode()) < 200


def test_an_ordinary_suite_keeps_its_name() -> None:
    assert suite_folder_name("quickstart") == "quickstart"
    assert suite_folder_name("../../etc") != "../../etc"
