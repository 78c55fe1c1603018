"""The end of a run in the terminal: lines up with any letters, fits, has colours only where told."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from fake_records import failed_record, fake_record, hostile_records, quickstart_records
from hypothesis import given
from hypothesis import strategies as some

from bench.report import terminal_table
from bench.report.palette import COLORS
from bench.report.screen import PLAIN, Screen, cut, pad, text_width, wrap

COLORED = Screen(is_colored=True)
SGR = re.compile(r"\x1b\[[0-9;]*m")


def without_colors(text: str) -> str:
    return SGR.sub("", text)


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("int8", 4),
        ("量化", 4),
        ("ｉｎｔ", 6),
        ("한국어", 6),
        ("e\u0301", 1),
        ("−0.21 ×", 7),
        ("🚲", 2),
        ("", 0),
    ],
)
def test_a_text_is_as_wide_as_terminals_show_it(text: str, width: int) -> None:
    assert text_width(text) == width


@given(some.text(some.characters(categories=["L", "M", "N", "P", "S", "Zs"])), some.integers(1, 30))
def test_a_cut_text_fits_and_a_padded_one_fills(text: str, width: int) -> None:
    short = cut(text, width)
    assert text_width(short) <= width
    assert short == text or short.endswith("…")
    assert text_width(pad(short, width)) == text_width(pad(short, width, to_right=True)) == width


def test_a_mark_is_never_cut_from_its_letter() -> None:
    assert cut("ae\u0301iou", 3) == "ae\u0301…"


def test_wrapped_lines_fit_and_lose_no_word() -> None:
    text = "Against fp32 on litert: 1.66× faster [1.61, 1.71], 量化 2.37× smaller file"
    lines = wrap(text, Screen(columns=24), "     ")
    assert all(text_width(line) <= 24 and line.startswith("     ") for line in lines)
    assert " ".join(" ".join(lines).split()) == text
    assert wrap(text, PLAIN, "") == [text]


def test_wide_names_line_up_with_narrow_ones() -> None:
    records = quickstart_records()
    wide = replace(records[3], recipe={**(records[3].recipe or {}), "name": "量化模型"})
    lines = terminal_table([*records[:3], wide, *records[4:]]).splitlines()
    assert "量化模型" in "".join(lines[1:12])
    assert len({text_width(line) for line in lines[1:12]}) == 1


def test_colors_change_nothing_but_colors() -> None:
    plain, colored = (terminal_table(quickstart_records(), screen) for screen in (PLAIN, COLORED))
    assert "\x1b" not in plain and colored.count("\x1b") % 2 == 0
    assert without_colors(colored).replace("● ", "").split() == plain.split()
    assert len({len(without_colors(line)) for line in colored.splitlines()[1:12]}) == 1


def test_each_precision_has_its_dot_and_the_choice_stands_out() -> None:
    lines = terminal_table(quickstart_records(), COLORED).splitlines()
    dots = [found[0] for line in lines if (found := re.search(r"\x1b\[38;5;\d+m●", line))]
    assert len(dots) == 10 and dots[:5] == dots[5:] and len(set(dots)) == 5
    bold = [without_colors(line) for line in lines if "\x1b[1m" in line]
    assert (
        [line.strip()[:2] for line in bold] == ["sh", "● ", "->"] and "int8" in bold[1] and "int8" in bold[2]
    )


def test_what_is_worse_is_red_and_what_is_better_green() -> None:
    lines = terminal_table(quickstart_records(), COLORED).splitlines()
    rows = {without_colors(line).split()[1]: line for line in lines if "on litert" in line and "●" in line}
    assert "\x1b[31m2.16×" in rows["dynamic"] and "\x1b[32m0.60×" in rows["int8"]


def test_the_colors_of_precisions_stay_apart_in_256_colors() -> None:
    assert len({COLORED.dot(precision) for precision in COLORS}) == len(COLORS)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_a_narrow_terminal_gets_fewer_columns_and_is_told_which(columns: int) -> None:
    lines = terminal_table(quickstart_records(), Screen(columns=columns)).splitlines()
    figures = lines[1:12]
    assert {"mAP", "inference"} <= set(figures[0].split())
    if columns >= 60:
        assert all(text_width(line) <= columns for line in lines)
    left_out = [name for name in ("end to end", "peak MiB", "KiB", "difference") if name not in figures[0]]
    told = " ".join(" ".join(lines[12:15]).split())
    assert all(name in told for name in left_out) and ("too narrow" in told) == bool(left_out)


def test_ties_stand_below_the_answer() -> None:
    text = terminal_table(quickstart_records())
    assert text.index("-> Ship int8 on litert") < text.index("A tie in speed with qat on litert")


def test_hostile_names_bring_no_colors_of_their_own() -> None:
    text = terminal_table([*hostile_records(), failed_record("litert", "qat")], COLORED)
    assert not [c for c in without_colors(text) if unicodedata.category(c) == "Cc" and c != "\n"]


def test_a_run_cut_short_says_so_at_the_end() -> None:
    record = fake_record("litert", "fp32", decision_grade=False)
    assert terminal_table([record]).splitlines()[-1].startswith("NOT FOR DECISIONS")


def test_without_a_choice_what_kept_each_case_out_is_said() -> None:
    lone = [fake_record("litert", "int8", sibling="", rounds_valid=1, metrics=())]
    text = terminal_table(lone)
    assert "-> No case can be recommended" in text and "Left out, " in text
