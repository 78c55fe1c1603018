"""Hosts beside each other: pairs of variants, rankings that turn round, what ran differently."""

from __future__ import annotations

from dataclasses import replace

from fake_hosts import EMULATED, broken_host, on_host, throttled_host
from fake_records import case_id, fake_record, many_records, quickstart_records, with_metric

from bench.analysis.compare import compare
from bench.analysis.findings import analyse
from bench.analysis.hosts import Across, compare_hosts
from bench.analysis.recommend import recommend
from bench.core.metric import make_metric
from bench.core.record import Record


def across(*hosts: list[Record]) -> Across:
    (found,) = compare_hosts(analyse([record for host in hosts for record in host]))
    return found


def test_one_host_alone_is_compared_with_nothing() -> None:
    assert compare_hosts(analyse(quickstart_records())) == ()
    assert compare_hosts(analyse([])) == ()


def test_the_same_variants_stand_beside_each_other_in_the_order_of_the_suite() -> None:
    found = across(quickstart_records(), on_host("pi5"))
    assert found.hosts == ("local", "pi5") and len(found.variants) == 10
    assert all(list(variant.records) == ["local", "pi5"] for variant in found.variants)


def test_a_ranking_that_turns_round_is_found_with_its_ratios() -> None:
    found = across(quickstart_records(), on_host("pi5"))
    flip = next(
        flip
        for flip in found.flips
        if (flip.one.first.case, flip.other.first.case)
        == (case_id("int8", "litert"), case_id("int8", "onnxruntime"))
    )
    assert flip.ratios["local"] < 1 < flip.ratios["pi5"]
    # 0.441 ms x 16 on LiteRT, 0.633 ms x 7 on ONNX Runtime.
    assert round(flip.ratios["pi5"], 3) == round(0.441 * 16 / (0.633 * 7), 3)


def test_latencies_whose_intervals_overlap_turn_nothing_round() -> None:
    def wide(record: Record) -> Record:
        value = record.value("latency_p50_ns") or 0.0
        interval = make_metric("latency_p50_ns", value, low=value / 5, high=value * 5, level=0.95)
        return with_metric(record, interval)

    assert across(quickstart_records(), [wide(record) for record in on_host("pi5")]).flips == ()


def test_an_emulators_times_take_no_part_in_rankings() -> None:
    found = across(quickstart_records(), on_host("emu", EMULATED))
    assert found.emulated == ("emu",) and found.flips == ()


def test_versions_that_differ_are_said_once_whatever_the_number_of_cases() -> None:
    found = across(quickstart_records(), on_host("pi5", version="2.1.0"))
    (unlike,) = found.unlike
    assert (unlike.subject, unlike.what) == ("litert", "version")
    assert unlike.values == {"local": "2.3.0", "pi5": "2.1.0"}
    assert across(quickstart_records(), on_host("pi5")).unlike == ()


def test_agents_that_differ_are_said() -> None:
    here = [
        replace(record, proof={**record.proof, "agent_sha256": "0" * 64}) for record in quickstart_records()
    ]
    (unlike,) = across(here, on_host("pi5")).unlike
    assert (unlike.subject, unlike.values) == ("agent", {"local": "0" * 12, "pi5": "5e" * 6})


def test_a_delegate_that_took_less_is_said() -> None:
    there = [
        replace(record, proof={**record.proof, "num_delegated": 12})
        if "int8/litert" in record.case
        else record
        for record in on_host("pi5")
    ]
    (unlike,) = across(quickstart_records(), there).unlike
    assert unlike.subject == "shapes/int8/litert/t1"
    assert unlike.values == {"local": "71 of 71", "pi5": "12 of 71"}


def test_hosts_that_broke_stand_there_without_variants() -> None:
    found = across(quickstart_records(), broken_host("gone"), throttled_host("hot"))
    assert found.hosts == ("local", "gone", "hot")
    assert all(list(variant.records) == ["local"] for variant in found.variants)
    assert found.flips == () and found.unlike == ()


def test_threads_tell_variants_apart_only_where_a_host_measured_several() -> None:
    four = [replace(record, threads=4) for record in on_host("pi5")]
    assert all(len(variant.records) == 2 for variant in across(quickstart_records(), four).variants)
    there = [
        replace(record, host="pi5", case=record.case.replace("@local", "@pi5")) for record in many_records(20)
    ]
    several = across(many_records(20), there)
    assert len(several.variants) == 20 and all(len(v.records) == 2 for v in several.variants)


def test_a_case_is_never_compared_with_an_fp32_of_another_host() -> None:
    here = fake_record("litert", "fp32")
    there = replace(fake_record("litert", "int8"), host="pi5", case="int8@pi5", sibling=here.case)
    panel = analyse([here, there])[1]
    assert panel.host == "pi5" and panel.comparisons == {}
    assert panel.recommendation.case is None
    assert panel.recommendation.left_out == {"int8@pi5": "no fp32 sibling to judge its mAP by"}
    assert recommend([there]).case is None and compare([there]) == {}
