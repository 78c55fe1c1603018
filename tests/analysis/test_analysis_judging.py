"""What records mean: differences, fronts, recommendations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_records import case_id, failed_record, fake_record, many_records, quickstart_records, with_metric

from bench.analysis.compare import accuracy_order, compare
from bench.analysis.findings import analyse
from bench.analysis.front import find_front
from bench.analysis.recommend import recommend
from bench.core.metric import make_metric
from bench.core.record import Record


def case(name: str, accuracy: float, milliseconds: float, spread: float = 0.01, **changes: object) -> Record:
    """A case with what a front looks at; `spread` is the relative half width of its latency interval."""
    ns = milliseconds * 1e6
    metrics = (
        make_metric(
            "map_50_95", accuracy, low=accuracy - 0.002, high=accuracy + 0.002, level=0.95, count=400
        ),
        make_metric(
            "latency_p50_ns", ns, low=ns * (1 - spread), high=ns * (1 + spread), level=0.95, count=10
        ),
        make_metric("size_bytes", ns),
    )
    return replace(fake_record("litert", "fp32"), case=name, metrics=metrics, **changes)


def standings(records: list[Record], cost: str = "latency_p50_ns") -> dict[str, tuple[str, str]]:
    return {placed.case: (placed.standing, placed.by) for placed in find_front(records, cost).placed}


def test_the_front_is_what_nobody_beats_on_both_axes() -> None:
    records = [case("a", 0.60, 1.0), case("b", 0.50, 0.5), case("c", 0.49, 0.9), case("d", 0.61, 9.0)]
    assert standings(records) == {
        "a": ("front", ""),
        "b": ("front", ""),
        "c": ("dominated", "b"),
        "d": ("front", ""),
    }


def test_a_case_behind_by_less_than_the_intervals_resolve_ties() -> None:
    records = [case("a", 0.600, 1.00, 0.05), case("b", 0.599, 1.01, 0.05)]
    assert standings(records)["b"] == ("tied", "a")


def test_equal_cases_share_the_front() -> None:
    assert {standing for standing, _ in standings([case("a", 0.6, 1.0), case("b", 0.6, 1.0)]).values()} == {
        "front"
    }


def test_exact_costs_decide_without_intervals() -> None:
    records = [case("a", 0.600, 1.00), case("b", 0.600, 1.0001)]
    assert standings(records, "size_bytes")["b"] == ("dominated", "a")


def test_a_leader_by_noise_names_the_cheaper_case_it_cannot_be_told_from() -> None:
    assert standings([case("a", 0.600, 1.0), case("b", 0.601, 2.0)])["b"] == ("front", "a")


def test_cases_without_accuracy_have_no_place() -> None:
    assert standings([case("a", -1.0, 1.0), failed_record()]) == {}


def test_an_interval_that_covers_zero_is_a_tie_and_never_equality_by_value() -> None:
    found = compare(quickstart_records())
    assert found[case_id("int8", "litert")].accuracy == "tie"
    worse = with_metric(
        fake_record("litert", "int8"), make_metric("map_50_95_difference", -0.01, low=-0.02, high=-0.001)
    )
    better = with_metric(
        fake_record("litert", "qat"), make_metric("map_50_95_difference", 0.01, low=0.001, high=0.02)
    )
    bare = with_metric(fake_record("litert", "fp16"), make_metric("map_50_95_difference", 0.01))
    found = compare([fake_record("litert", "fp32"), worse, better, bare])
    assert [comparison.accuracy for comparison in found.values()] == ["worse", "better", "unknown"]


def test_ratios_divide_by_the_sibling() -> None:
    found = compare(quickstart_records())[case_id("int8", "litert")]
    assert found.size_ratio == pytest.approx(276 / 655)
    assert found.latency_ratio is not None and found.latency_ratio.value == pytest.approx(0.441 / 0.731)


def test_without_a_measured_sibling_there_is_no_comparison() -> None:
    assert compare([fake_record("litert", "int8")]) == {}
    assert compare([failed_record("litert", "fp32"), fake_record("litert", "int8")]) == {}


def test_accuracy_is_ordered_by_paired_differences_where_there_are_any() -> None:
    base = fake_record("litert", "fp32")
    low = with_metric(
        fake_record("litert", "int8"), make_metric("map_50_95_difference", -0.02, low=-0.03, high=-0.01)
    )
    even = fake_record("litert", "dynamic")
    assert accuracy_order(low, base) == -1 and accuracy_order(base, low) == 1
    assert accuracy_order(low, even) == -1 and accuracy_order(even, low) == 1
    assert accuracy_order(even, base) == 0


@pytest.mark.parametrize(("level", "order"), [(0.95, 1), (0.5, 0)])
def test_the_paired_interval_of_two_cases_decides_before_that_to_their_sibling(
    level: float, order: int
) -> None:
    int8 = fake_record("litert", "int8")
    interval = {"value": 0.003, "low": 0.001, "high": 0.005, "level": level}
    qat = fake_record("litert", "qat", differences={int8.case: interval})
    assert accuracy_order(qat, int8) == order and accuracy_order(int8, qat) == -order


def test_the_fastest_case_that_keeps_its_accuracy_is_recommended_and_ties_are_shown() -> None:
    found = recommend(quickstart_records())
    assert found.case == case_id("int8", "litert")
    assert found.ties == (case_id("qat", "litert"),)


def test_of_cases_that_tie_in_speed_the_smallest_file_is_taken() -> None:
    base = fake_record("litert", "fp32")
    small = with_metric(
        fake_record("litert", "fp16"),
        make_metric("latency_p50_ns", 735_000, low=700_000, high=770_000, level=0.95),
    )
    fast = with_metric(base, make_metric("latency_p50_ns", 731_000, low=700_000, high=760_000, level=0.95))
    found = recommend([fast, small])
    assert (found.case, found.ties) == (small.case, (fast.case,))


def test_intervals_of_little_confidence_tell_nothing_apart() -> None:
    def weak(record: Record, ns: float) -> Record:
        return with_metric(
            record, make_metric("latency_p50_ns", ns, low=ns * 0.99, high=ns * 1.01, level=0.5, count=2)
        )

    fast, slow = weak(fake_record("litert", "int8"), 4e5), weak(fake_record("litert", "fp32"), 9e5)
    found = recommend([slow, fast])
    assert (found.case, found.ties) == (fast.case, (slow.case,))


def test_memory_has_a_resolution_in_place_of_an_interval() -> None:
    def with_peak(name: str, accuracy: float, mebibytes: float) -> Record:
        return with_metric(
            case(name, accuracy, 1.0), make_metric("peak_rss_bytes", mebibytes * 2**20, count=3)
        )

    records = [with_peak("a", 0.600, 50.0), with_peak("b", 0.600, 50.5), with_peak("c", 0.600, 60.0)]
    placed = standings(records, "peak_rss_bytes")
    assert placed["b"] == ("tied", "a") and placed["c"] == ("dominated", "a")


def test_a_drop_whose_interval_reaches_too_far_is_left_out_with_the_reason() -> None:
    records = [fake_record("litert", "fp32"), fake_record("litert", "int8")]
    risky = with_metric(records[1], make_metric("map_50_95_difference", -0.006, low=-0.012, high=0.0))
    lost = with_metric(records[1], make_metric("map_50_95_difference", -0.05, low=-0.06, high=-0.04))
    assert recommend([records[0], risky]).case == records[0].case
    assert "the interval reaches further" in recommend([records[0], risky]).left_out[risky.case]
    assert "larger than allowed" in recommend([records[0], lost]).left_out[lost.case]


def test_without_an_fp32_sibling_nothing_is_recommended() -> None:
    found = recommend([fake_record("litert", "int8", sibling="")])
    assert found.case is None
    assert found.left_out == {case_id("int8", "litert"): "no fp32 sibling to judge its mAP by"}


def test_a_model_that_finds_nothing_is_never_recommended_however_fast() -> None:
    dead = with_metric(fake_record("litert", "fp32"), make_metric("map_50_95", 0.0))
    assert recommend([dead]).case is None


def test_where_suppression_is_in_some_graphs_only_the_whole_way_is_compared() -> None:
    inside = replace(fake_record("litert", "int8"), nms_in_graph=True)
    assert recommend([fake_record("litert", "fp32"), inside]).clock == "end_to_end_p50_ns"


def test_hosts_and_groups_are_judged_apart() -> None:
    records = [
        *quickstart_records(),
        *(replace(r, host="pi", case=r.case + "2") for r in quickstart_records()),
    ]
    assert [(panel.group, panel.host) for panel in analyse(records)] == [
        ("shapes", "local"),
        ("shapes", "pi"),
    ]
    assert analyse([]) == ()


def test_sixty_cases_are_judged() -> None:
    (panel,) = analyse(many_records(60))
    assert panel.recommendation.case == case_id("int8", "litert", 6)
    assert len(panel.training) == 2, "threads do not change what a model finds"
