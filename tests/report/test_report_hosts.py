"""Reports over several hosts: side by side, parity, boards, machines, emulators, hosts that broke."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fake_hosts import (
    AGENT,
    EMULATED,
    PI5,
    broken_host,
    on_boards,
    on_host,
    parity,
    throttled_host,
)
from fake_records import hostile_records, quickstart_records, with_metric

from bench.core.metric import make_metric
from bench.core.record import Record
from bench.report import render_all, terminal_table
from bench.report.building import build_report
from bench.report.machines import machine_line
from bench.report.markdown import render_markdown
from bench.report.model import Across, ReportModel, Section
from bench.report.palette import COLORS
from bench.report.rows import render_csv
from bench.report.side_by_side import speed_up_cell
from bench.report.table import Table


def report(*hosts: list[Record]) -> ReportModel:
    return build_report([record for host in hosts for record in host])


def part(*hosts: list[Record]) -> Across:
    (found,) = report(*hosts).across
    return found


def table(tables: tuple[Table, ...], title: str) -> Table:
    return next(table for table in tables if table.title == title)


def column(found: Table, title: str, detail: str = "") -> list[str]:
    place = next(
        index
        for index, column in enumerate(found.columns)
        if column.title == title and column.detail.startswith(detail)
    )
    return [row.cells[place].text for row in found.rows]


def section(found: ReportModel, host: str) -> Section:
    return next(section for section in found.sections if section.title == f"shapes on {host}")


def test_one_host_has_no_part_over_hosts() -> None:
    assert report(quickstart_records()).across == ()


def test_each_host_has_its_own_recommendation_and_machine() -> None:
    found = report(quickstart_records(), on_host("pi5"))
    assert section(found, "local").answer.headline == "Ship int8 on litert"
    assert section(found, "pi5").answer.headline == "Ship int8 on onnxruntime"
    assert section(found, "pi5").machine == (
        "Raspberry Pi 5 Model B Rev 1.0 · Cortex-A76 (4 cores; asimd, asimddp, asimdhp, fphp) · 8.0 GiB RAM "
        "· Linux 6.12.25+rpt-rpi-2712 · governor ondemand · 2.40 GHz · 48 to 71 °C · litert 2.3.0, "
        "onnxruntime 1.31.1 · 1 thread in effect"
    )
    choices = table(found.across[0].tables, "What to ship on each host")
    assert column(choices, "Host") == ["local", "pi5"]
    assert column(choices, "Ship") == ["int8 on litert", "int8 on onnxruntime"]
    assert column(choices, "Speed-up") == ["1.66×", "2.39×"]
    assert column(choices, "Figures") == ["valid", "valid"]


def test_where_rankings_turn_round_and_what_int8_gains_is_said_host_by_host() -> None:
    said = part(quickstart_records(), on_host("pi5")).findings
    assert said[0] == "What to ship differs: int8 on litert on local, int8 on onnxruntime on pi5."
    assert (
        "int8 on litert against its fp32 on the same host: 1.66× faster [1.61, 1.71] on local; "
        "1.24× faster [1.21, 1.28] on pi5."
    ) in said
    assert (
        "The ranking turns round (inference): int8 on litert is, against int8 on onnxruntime, 1.44× faster "
        "on local, 1.59× slower on pi5."
    ) in said


def test_hosts_that_agree_say_so() -> None:
    twin = [replace(record, parity=parity(1.0)) for record in on_host("twin")]
    there = [
        replace(record, metrics=base.metrics) for record, base in zip(twin, quickstart_records(), strict=True)
    ]
    said = part(quickstart_records(), there).findings
    assert "The same variant is recommended on local and twin: int8 on litert." in said
    assert "No ranking turns round: what is clearly faster on one host is nowhere clearly slower." in said
    assert "Parity: all 10 cases find exactly the same boxes on twin as on local." in said


def test_figures_that_nobody_should_act_on_rank_nothing() -> None:
    def weak(record: Record) -> Record:
        value = record.value("latency_p50_ns") or 0.0
        interval = make_metric("latency_p50_ns", value, low=value, high=value, level=0.5, count=2)
        return replace(with_metric(record, interval), rounds_valid=2, decision_grade=False)

    found = part(*([weak(record) for record in host] for host in (quickstart_records(), on_host("pi5"))))
    said = "Whether rankings turn round is open: no two variants are clearly apart on two hosts."
    assert said in found.findings
    assert not [said for said in found.findings if "ship" in said or "recommended" in said]
    choices = table(found.tables, "What to ship on each host")
    assert column(choices, "Figures") == ["not valid for decisions"] * 2


@pytest.mark.parametrize(
    ("ends", "level", "tone"),
    [((0.5, 0.7), 0.95, "good"), ((0.5, 0.7), 0.5, ""), ((1.2, 1.4), 0.95, "bad"), ((0.9, 1.1), 0.95, "tie")],
)
def test_a_speed_up_is_called_one_only_by_an_interval_of_confidence_enough(
    ends: tuple[float, float], level: float, tone: str
) -> None:
    cell = speed_up_cell(make_metric("latency_ratio", sum(ends) / 2, low=ends[0], high=ends[1], level=level))
    assert cell.tone == tone and cell.text == f"{2 / sum(ends):.2f}×"


def test_the_same_variants_stand_in_one_row() -> None:
    found = table(part(quickstart_records(), on_host("pi5")).tables, "The same variants side by side")
    assert column(found, "Variant")[3] == "int8 on litert"
    assert column(found, "local", "ms")[3] == "0.441" and column(found, "pi5", "ms")[3] == "7.06"
    assert column(found, "local", "speed-up")[3] == "1.66×" and column(found, "pi5", "speed-up")[3] == "1.24×"
    assert column(found, "pi5 / local")[3] == "16.0×"
    assert column(found, "local", "speed-up")[0] == "–", "fp32 has no speed-up over itself"


def test_parity_has_a_row_for_each_case_of_the_other_host() -> None:
    found = table(part(quickstart_records(), on_host("pi5")).tables, "Parity with local")
    assert column(found, "Host") == ["pi5"] * 10
    assert column(found, "Identical boxes")[:4] == ["100%", "100%", "97.31%", "97.31%"]
    assert column(found, "Images that differ")[3] == "11 of 400"
    assert found.rows[3].cells[3].detail == "[−0.06, +0.11]"
    assert "overlap of at least 0.99, scores within 0.01" in found.caption


@pytest.mark.parametrize(("share", "shown"), [(1.0, "100%"), (0.999999, "99.99%"), (0.0, "0.00%")])
def test_only_a_whole_share_reads_as_all(share: float, shown: str) -> None:
    there = [replace(record, parity=parity(share)) for record in on_host("pi5")]
    found = table(part(quickstart_records(), there).tables, "Parity with local")
    assert set(column(found, "Identical boxes")) == {shown}


def test_a_difference_in_map_between_hosts_is_named_and_one_not_compared_says_why() -> None:
    worse = {"value": -0.004, "low": -0.006, "high": -0.002, "level": 0.95}
    there = on_host("pi5")
    there[3] = replace(there[3], parity=parity(0.8, difference=worse))
    there[4] = replace(there[4], parity={"host": "local", "case": "x", "reason": "its case on local failed"})
    found = part(quickstart_records(), there)
    assert (
        "Parity: 99.00% to 100% of the boxes on pi5 are those on local but for rounding, 80.00% to 100% "
        "to the last bit; mAP differs beyond its interval for int8 on litert."
    ) in found.findings
    assert "its case on local failed" in table(found.tables, "Parity with local").notes


def test_versions_that_differ_warn_that_ratios_mix_two_causes() -> None:
    (warning,) = part(quickstart_records(), on_host("pi5", version="2.1.0")).warnings
    assert warning == (
        "litert: version 2.3.0 on local, 2.1.0 on pi5. Latency ratios across these hosts mix this difference "
        "with that of the machines."
    )
    assert part(quickstart_records(), on_host("pi5")).warnings == ()


def test_an_emulators_figures_are_labelled_wherever_they_stand() -> None:
    found = report(quickstart_records(), on_host("emu", EMULATED))
    emulated = section(found, "emu")
    assert found.banner == "NOT FOR DECISIONS: times on emu are of an emulated machine."
    assert emulated.answer.headline == (
        "Not for decisions, on an emulated machine (qemu): ship int8 on onnxruntime"
    )
    assert "not valid for decisions" in emulated.label
    times = [table for table in emulated.tables if "latency" in table.title or table.is_main]
    assert len(times) == 3 and all("not valid for decisions" in table.caption for table in times)
    over = found.across[0]
    assert "emu is an emulated machine" in over.warnings[0]
    assert {point.host for point in over.charts[0].points} == {
        "local",
        "emu (emulated: not valid for decisions)",
    }
    side = table(over.tables, "The same variants side by side")
    assert "emu / local" not in {column.title for column in side.columns}
    assert [c.detail for c in side.columns if c.title == "emu"][0].endswith("not valid for decisions")
    assert column(table(over.tables, "What to ship on each host"), "Figures") == [
        "valid",
        "not valid for decisions",
    ]
    latency, memory, size = emulated.charts
    assert latency.x_title.endswith("\nemulated: not valid for decisions")
    assert "not valid" not in memory.x_title + size.x_title + over.charts[0].x_title
    assert section(found, "local").label == "" and "Not for" not in section(found, "local").answer.headline
    assert "not valid for decisions" in terminal_table([*on_host("emu", EMULATED)])


def test_boards_stand_beside_each_other_with_where_the_spread_lies() -> None:
    found = section(report(quickstart_records(), on_boards("pis", 3)), "pis")
    boards = table(found.tables, "Boards")
    assert [c.title for c in boards.columns][2:6] == ["pis-a", "pis-b", "pis-c", "Any such board"]
    assert column(boards, "Between boards")[0] == "2.00" and column(boards, "Between calls")[0] == "3.00"
    assert column(boards, "Mostly between")[0] == "boards, 97%"
    assert boards.rows[0].cells[5].detail == "[8.33, 9.21]"
    assert (
        "Boards: in 10 of 10 cases most of the uncertainty lies between boards; measure on more boards to "
        "narrow it."
    ) in found.findings
    assert found.machine.startswith("3 boards, Raspberry Pi 5 Model B Rev 1.0 · ")


def test_two_boards_claim_nothing_of_a_third_and_one_has_no_table() -> None:
    found = section(report(on_boards("pis", 2)), "pis")
    boards = table(found.tables, "Boards")
    assert set(column(boards, "Any such board")) == {"–"}
    assert "Any such board: 2 boards give no interval of any such board" in boards.notes
    alone = section(report(on_host("pi5")), "pi5")
    assert "Boards" not in {table.title for table in alone.tables}


def test_a_component_below_zero_is_shown_as_such() -> None:
    records = on_boards("pis", 2)
    boards: dict[str, Any] = records[0].boards
    records[0] = replace(
        records[0],
        boards={**boards, "variance": {**boards["variance"], "board": 0.0, "negative": ["board"]}},
    )
    found = table(section(report(records), "pis").tables, "Boards")
    assert column(found, "Between boards")[0] == "0.00"
    assert any("the estimate was negative" in note for note in found.notes)


def test_what_ran_is_shown_case_by_case() -> None:
    found = table(section(report(on_host("pi5")), "pi5").tables, "What ran")
    assert set(column(found, "Agent")) == {AGENT[:12]}
    assert found.caption.endswith("CPU features seen: asimd, asimddp, asimdhp, fphp.")
    assert column(found, "Delegate or provider")[0] == "xnnpack"
    assert column(found, "Operators taken")[2] == "1 of 71" and column(found, "Threads")[0] == "1"
    mixed = [on_host("pi5")[0], replace(on_host("pi5")[1], environment={**PI5, "cpu_features": ["asimd"]})]
    beside = table(section(report(mixed), "pi5").tables, "What ran")
    assert column(beside, "CPU features seen") == ["asimd, asimddp, asimdhp, fphp", "asimd"]


def test_invalid_rounds_are_counted_with_their_causes() -> None:
    found = report(quickstart_records(), on_host("pi5"))
    latency = table(section(found, "pi5").tables, "Inference latency in full")
    place = [c.title for c in latency.columns].index("Rounds")
    assert (latency.rows[0].cells[place].text, latency.rows[0].cells[place].detail) == (
        "10 + 2",
        "throttled 2 times",
    )
    said = [remark.text for remark in section(found, "pi5").remarks]
    assert "2 rounds were invalid (throttled 2 times) and are not in the figures" in said


def test_hosts_that_broke_are_said_once_and_keep_their_place() -> None:
    found = report(quickstart_records(), broken_host("gone"), throttled_host("hot"))
    assert [(failure.case, failure.status, failure.reason) for failure in found.failures] == [
        ("shapes on gone: all 10 cases", "failed", "gone cannot be reached"),
        (
            "shapes on hot: all 10 cases",
            "invalid",
            "0 valid rounds of at least 5; 20 were invalid: throttled (20), under-voltage (1)",
        ),
    ]
    assert column(table(found.across[0].tables, "What to ship on each host"), "Ship") == [
        "int8 on litert",
        "nothing was measured",
        "nothing was measured",
    ]
    assert found.across[0].charts == ()
    assert section(found, "gone").answer.headline == "Nothing was measured"


def test_a_few_cases_that_broke_alike_are_one_entry_with_their_names() -> None:
    records = [*quickstart_records()[:7], *broken_host("local")[7:]]
    (failure,) = build_report(records).failures
    assert failure.case == "shapes on local: dynamic on onnxruntime, int8 on onnxruntime, qat on onnxruntime"


def test_facts_that_hosts_share_are_grey_in_the_table_of_machines() -> None:
    here = [replace(record, environment={**PI5, "cpu": "0xd08"}) for record in on_host("pi4")]
    machines = table(part(here, on_host("pi5")).tables, "The machines")
    by_fact = {row.cells[0].text: row for row in machines.rows}
    assert [cell.text for cell in by_fact["Processor"].cells] == ["Processor", "Cortex-A72", "Cortex-A76"]
    assert {cell.tone for cell in by_fact["Processor"].cells} == {""}
    assert {cell.tone for cell in by_fact["Page size, bytes"].cells[1:]} == {"muted"}


def test_a_machine_that_tells_nothing_has_no_line() -> None:
    assert machine_line([replace(record, environment={}) for record in quickstart_records()]) == ""


def test_provenance_names_machines_boards_and_versions_of_each_host() -> None:
    there = [replace(record, versions={"onnxruntime": "1.27.0"}) for record in on_boards("pis", 2)]
    titles = [facts.title for facts in report(quickstart_records(), there).provenance]
    assert {"Machine local", "Machine pis", "Machine pis, board pis-b", "Versions on pis"} <= set(titles)
    assert "Versions on local" not in titles


def test_the_terminal_ends_with_hosts_beside_each_other() -> None:
    text = terminal_table([*quickstart_records(), *on_host("pi5", version="2.1.0")])
    assert text.index("shapes on local") < text.index("shapes on pi5") < text.index("Hosts beside each other")
    assert "What to ship differs" in text and "litert: version 2.3.0 on local, 2.1.0 on pi5" in text
    assert "Hosts beside each other" not in terminal_table(quickstart_records())


def test_the_terminal_says_once_what_broke_a_whole_host() -> None:
    lines = terminal_table([*quickstart_records(), *broken_host("gone")]).splitlines()
    assert lines.count("  shapes on gone: all 10 cases: failed, gone cannot be reached") == 1
    assert len([line for line in lines if "cannot be reached" in line]) == 1


def test_the_csv_says_what_ran_where_and_how_hosts_agree() -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv([*quickstart_records(), *on_host("emu", EMULATED)]))))
    assert (rows[0]["parity_share_equal"], rows[13]["parity_share_equal"]) == ("", "0.9731")
    assert rows[13]["parity_host"] == "local" and rows[13]["is_emulated"] == "True"
    assert (rows[13]["board"], rows[13]["runtime_version"]) == ("QEMU virt", "2.3.0")
    alone = next(csv.DictReader(io.StringIO(render_csv(quickstart_records()))))
    assert not [name for name in alone if name.startswith("parity")]


class Tags(HTMLParser):
    """Collects tags, attributes and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id" and value]


def test_all_kinds_of_hosts_in_one_run_render(tmp_path: Path) -> None:
    records = [
        *quickstart_records(),
        *on_host("pi5", version="2.1.0"),
        *on_boards("pis", 3),
        *on_host("emu", EMULATED),
        *broken_host("gone"),
        *throttled_host("hot"),
    ]
    names = {path.name for path in render_all(records, tmp_path)}
    assert {"chart-hosts.png", "chart-latency.png", "chart-4-size.png"} <= names
    text = (tmp_path / "report.html").read_text("utf-8")
    parsed = Tags()
    parsed.feed(text)
    assert len(parsed.ids) == len(set(parsed.ids)) and len(text.encode()) < 2_000_000
    references = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    assert references <= set(parsed.ids)
    assert text.index("What to ship on each host") < text.index("shapes on local</h2>")
    markdown = (tmp_path / "report.md").read_text("utf-8")
    assert "(chart-hosts.png)" in markdown and "### Parity with local" in markdown


def test_a_precision_has_one_colour_on_all_hosts(tmp_path: Path) -> None:
    render_all([*quickstart_records(), *on_host("pi5")], tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    chart = next(
        svg
        for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        if "c1-hosts" in svg[:2000] or "by host" in svg[:400]
    )
    assert all(COLORS[precision] in chart for precision in ("fp32", "fp16", "dynamic", "int8", "qat"))
    assert set(re.findall(r"fill: (#[0-9a-f]{6})", chart)) <= set(COLORS.values())


def test_hostile_names_of_hosts_boards_and_machines_stay_text(tmp_path: Path) -> None:
    script = "<script>alert('x')</script>|`$x^2$`\n# [a](javascript:1) \x1b[31m"
    facts = {**EMULATED, "board": script, "cpu": script, "kernel": script, "emulator": script}
    there = [
        replace(
            record,
            host=script + "2",
            case=record.case + "2",
            sibling=record.sibling + "2" if record.sibling else "",
            group=hostile_records()[0].group,
            environment=facts,
            parity=parity(0.5, host=script, case=script),
            invalid_reasons={script: 1},
            proof={**record.proof, "runtime_version": script, "agent_sha256": script},
            conditions={"governors": [script]},
            boards={
                **record.boards,
                "values": dict(zip((script, "b"), record.boards["values"].values(), strict=True)),
            },
        )
        for record in on_boards("pis", 2)
    ]
    records = [*hostile_records(), *there]
    render_all(records, tmp_path)
    text = (tmp_path / "report.html").read_text("utf-8")
    parsed = Tags()
    parsed.feed(text)
    assert not {"img", "iframe"} & parsed.tags and "\x1b" not in text and text.count("<script") == 1
    assert not [name for name in parsed.names if name.startswith("on")]
    markdown = render_markdown(build_report(records), {})
    assert "<" not in markdown.replace("&lt;", "") and not re.search(r"(?<!\\)\[a\]", markdown)
    assert "\x1b" not in terminal_table(records)


def test_a_latency_that_is_unknown_on_one_host_leaves_gaps_and_no_nonsense(tmp_path: Path) -> None:
    there = [with_metric(r, make_metric("latency_p50_ns", None)) for r in on_host("pi5")]
    bare = [replace(record, parity=None, environment={}, proof={}) for record in there]
    render_all([*quickstart_records(), *bare], tmp_path)
    assert not re.search(r"\bnan\b", (tmp_path / "report.html").read_text("utf-8"), re.IGNORECASE)
    side = table(part(quickstart_records(), bare).tables, "The same variants side by side")
    assert set(column(side, "pi5 / local")) == {"–"}
