"""Records of the quickstart on several hosts: a laptop, Pis, an emulator, hosts that broke."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fake_records import FIGURES, fake_record

from bench.core.metric import Metric
from bench.core.record import Record

PI5: dict[str, Any] = {
    "board": "Raspberry Pi 5 Model B Rev 1.0",
    "cpu": "0xd0b",
    "num_cores": 4,
    "cpu_features": ["asimd", "asimddp", "asimdhp", "fphp"],
    "ram_bytes": 8 * 2**30,
    "kernel": "Linux 6.12.25+rpt-rpi-2712",
    "page_size": 16384,
    "os": "Debian GNU/Linux 12 (bookworm)",
    "is_emulated": False,
}
EMULATED: dict[str, Any] = {**PI5, "board": "QEMU virt", "is_emulated": True, "emulator": "qemu"}

# How many times the laptop's latency a Pi takes, by runtime and precision: there INT8 gains more in ONNX
# Runtime than in LiteRT, so the two change places.
FACTORS = {("litert", "int8"): 16.0, ("litert", "qat"): 16.0, ("onnxruntime", "int8"): 7.0}
FACTOR = 12.0

AGENT = "5e" * 32


def on_host(host: str, environment: dict[str, Any] = PI5, version: str = "") -> list[Record]:
    """Return the ten cases of the quickstart as a Pi would measure them, with parity towards `local`."""
    return [
        _moved(fake_record(runtime, precision), host, environment, version) for runtime, precision in FIGURES
    ]


def on_boards(host: str, boards: int) -> list[Record]:
    """Return the same of several boards under one name."""
    return [_on_boards(record, boards) for record in on_host(host)]


def broken_host(host: str) -> list[Record]:
    """Return ten cases that failed because the host was not reached."""
    return [_without_figures(record, "failed", f"{host} cannot be reached") for record in on_host(host)]


def throttled_host(host: str) -> list[Record]:
    """Return ten cases whose rounds were all invalid."""
    reason = "0 valid rounds of at least 5; 20 were invalid: throttled (20), under-voltage (1)"
    return [
        replace(
            _without_figures(record, "invalid", reason),
            rounds_invalid=20,
            invalid_reasons={"throttled": 20, "under-voltage": 1},
        )
        for record in on_host(host)
    ]


def parity(equal: float, host: str = "local", case: str = "", **changes: Any) -> dict[str, Any]:
    """Return a record's parity with that share of identical boxes."""
    low, high = (0.0, 0.0) if equal == 1 else (-0.0006, 0.0011)
    return {
        "host": host,
        "case": case,
        "difference": {"value": 0.0 if equal == 1 else 0.0002, "low": low, "high": high, "level": 0.95},
        "share_equal": equal,
        "share_matched": 1 - (1 - equal) / 20,
        "same_box": 0.99,
        "same_score": 0.01,
        "num_images": 400,
        "num_differing": round(400 * (1 - equal)),
        "largest_score_difference": 0.0 if equal == 1 else 0.0234,
        "differing_images": [] if equal == 1 else [3, 17, 58],
        **changes,
    }


def _moved(record: Record, host: str, environment: dict[str, Any], version: str) -> Record:
    factor = FACTORS.get((record.runtime, record.precision), FACTOR)
    base = FACTORS.get((record.runtime, "fp32"), FACTOR)
    is_float = record.precision in ("fp32", "fp16")
    return replace(
        record,
        host=host,
        case=record.case.replace("@local", f"@{host}"),
        sibling=record.sibling.replace("@local", f"@{host}"),
        environment=environment,
        metrics=tuple(_scaled(metric, factor, factor / base) for metric in record.metrics),
        proof={
            **record.proof,
            "agent_sha256": AGENT,
            **({"runtime_version": version} if version and record.runtime == "litert" else {}),
        },
        parity=parity(1.0 if is_float else 0.9731, case=record.case),
        conditions={
            "temperature_c": [48.1, 71.4],
            "frequency_hz": [2_400_000_000, 2_400_000_000],
            "governors": ["ondemand"],
        },
        rounds_invalid=2,
        invalid_reasons={"throttled": 2},
    )


def _scaled(metric: Metric, factor: float, ratio: float) -> Metric:
    if metric.name == "latency_ratio":
        factor = ratio
    elif metric.unit != "ns":
        return metric
    ends = {key: None if (end := getattr(metric, key)) is None else end * factor for key in ("low", "high")}
    return replace(metric, value=None if metric.value is None else metric.value * factor, **ends)


def _on_boards(record: Record, boards: int) -> Record:
    value = record.value("latency_p50_ns") or 0.0
    names = [f"{record.host}-{letter}" for letter in "abcdefgh"[:boards]]
    values = {
        name: {"latency_p50_ns": value * (0.98 + 0.02 * index), "num_processes": 10}
        for index, name in enumerate(names)
    }
    any_board = {"value": value, "low": value * 0.95, "high": value * 1.05, "level": 0.95}
    variance = {
        **{"board": 4e-4, "process": 1e-4, "call": 9e-4},
        **{"num_boards": boards, "num_processes": 10 * boards, "num_calls": 2000 * boards, "negative": []},
    }
    described = {
        "values": values,
        "environments": dict.fromkeys(names, record.environment),
        "any_board": any_board if boards > 2 else None,
        "variance": variance,
        "contributions": {"board": 0.97, "process": 0.02, "call": 0.01},
    }
    return replace(record, boards=described, rounds_valid=10 * boards)


def _without_figures(record: Record, status: Any, reason: str) -> Record:
    return replace(
        record,
        status=status,
        reason=reason,
        metrics=(),
        per_class={},
        proof={},
        parity=None,
        rounds_valid=0,
        rounds_invalid=0,
        invalid_reasons={},
        conditions={},
        environment={} if status == "failed" else record.environment,
    )
