"""Records as the quickstart yields them, with figures of a real run: for tests of whatever reads records."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from bench.core.metric import Metric, make_metric
from bench.core.recipe import Recipe, Training
from bench.core.record import RECORD_SCHEMA, Advice, Record

MODEL = "shapes"
HOST = "local"
CLASSES = ("disc", "square", "triangle", "star", "ring", "cross", "heart", "moon")

READ_BY = "high-water mark, reset after importing the runtime; pages of 4,096 bytes"

# (runtime, precision): mAP, difference to fp32 with its interval (AP), inference ms, KiB on disk, peak MiB
FIGURES: dict[tuple[str, str], tuple[float, tuple[float, float, float] | None, float, int, float]] = {
    ("litert", "fp32"): (0.6039, None, 0.731, 655, 52.1),
    ("litert", "fp16"): (0.6041, (0.0002, -0.0004, 0.0008), 0.722, 349, 52.6),
    ("litert", "dynamic"): (0.6054, (0.0015, -0.0012, 0.0041), 1.581, 243, 50.4),
    ("litert", "int8"): (0.6030, (-0.0009, -0.0038, 0.0021), 0.441, 276, 48.9),
    ("litert", "qat"): (0.6059, (0.0020, -0.0030, 0.0071), 0.443, 280, 48.9),
    ("onnxruntime", "fp32"): (0.6039, None, 0.882, 657, 71.3),
    ("onnxruntime", "fp16"): (0.6039, (0.0000, -0.0003, 0.0003), 1.423, 343, 73.0),
    ("onnxruntime", "dynamic"): (0.6028, (-0.0011, -0.0040, 0.0018), 2.612, 251, 72.2),
    ("onnxruntime", "int8"): (0.6031, (-0.0008, -0.0036, 0.0022), 0.633, 297, 70.8),
    ("onnxruntime", "qat"): (0.6046, (0.0007, -0.0041, 0.0058), 0.641, 325, 71.0),
}


def case_id(precision: str, runtime: str, threads: int = 1, host: str = HOST) -> str:
    """Return a case's id as the suite makes it."""
    return f"{MODEL}/{precision}/{runtime}/t{threads}@{host}"


def quickstart_records() -> list[Record]:
    """Return the ten cases of the quickstart, all measured."""
    return [fake_record(runtime, precision) for runtime, precision in FIGURES]


def fake_record(runtime: str, precision: str, **changes: Any) -> Record:
    """Return one measured case; `changes` replace fields of the record."""
    is_base = precision == "fp32"
    record = Record(
        schema=RECORD_SCHEMA,
        suite="quickstart",
        run="20261121-101500-1f3a5c",
        case=case_id(precision, runtime),
        status="ok",
        model=MODEL,
        group=MODEL,
        precision=precision,
        recipe=_recipe(precision),
        runtime=runtime,
        threads=1,
        host=HOST,
        sibling="" if is_base else case_id("fp32", runtime),
        precision_found="int8" if precision == "qat" else precision,
        metrics=_metrics(runtime, precision),
        per_class=_per_class(FIGURES[runtime, precision][0]),
        samples="cases/x/rounds.jsonl",
        rounds_valid=10,
        artifact={"sha256": "ab" * 32, "size_bytes": FIGURES[runtime, precision][3] * 1024},
        hashes={"data": "c0" * 32, "preprocess": "d1" * 32, "suppression": "e2" * 32},
        proof=_proof(runtime, precision),
        environment={
            "cpu": "AMD EPYC 9R14",
            "num_cores": 2,
            "cpu_features": ["avx512f", "avx512_vnni"],
            "kernel": "6.1.0",
            "page_size": 4096,
            "governor": "performance",
            "memory_bytes": 8_266_526_720,
        },
        versions={"bench": "0.1.0", "ai-edge-litert": "2.3.0", "onnxruntime": "1.31.1"},
        git={"commit": "9fbda17c0ffee", "is_dirty": False},
        measure={"rounds": 10, "warmup": 20, "calls": 200, "level": 0.95, "seed": 0},
        control={"case": "shapes/qat-control/litert/t1@local", "map_50_95": 0.6088}
        if precision == "qat"
        else None,
        nms_in_graph=False,
        started="2026-11-21T10:15:00+00:00",
        finished="2026-11-21T10:21:40+00:00",
    )
    return replace(record, **changes)


def failed_record(runtime: str = "litert", precision: str = "int8") -> Record:
    """Return a case that crashed."""
    return fake_record(
        runtime,
        precision,
        status="failed",
        reason="the process was killed by SIGKILL, probably out of memory",
        stderr_tail=("loading model", "terminate called after throwing 'std::bad_alloc'"),
        metrics=(),
        per_class={},
        rounds_valid=0,
        proof={},
    )


def unavailable_record(runtime: str = "onnxruntime", precision: str = "qat") -> Record:
    """Return a case that cannot be made."""
    return replace(
        failed_record(runtime, precision),
        status="unavailable",
        reason="QAT cannot wrap this model: layer 'head' is of type Lambda",
        stderr_tail=(),
    )


def with_metric(record: Record, metric: Metric) -> Record:
    """Return the record with one metric replaced or added."""
    others = tuple(old for old in record.metrics if old.name != metric.name)
    return replace(record, metrics=(*others, metric))


def hostile_records() -> list[Record]:
    """Return records whose every text tries to break out of the page that shows it."""
    script = "<script>alert('x')</script>|`$x^2$`\n# [a](javascript:1) ]]> & \"q\" --> \x1b[31m"
    hostile = [
        replace(
            record,
            suite=script,
            model=script,
            group=script,
            host=script,
            case=script + record.case,
            sibling=script + record.sibling if record.sibling else "",
            recipe={**(record.recipe or {}), "name": script},
            per_class={script: 0.5},
            environment={script: script},
            versions={script: script},
            warnings=(Advice("x", script, script),),
        )
        for record in quickstart_records()
    ]
    hostile[1] = replace(hostile[1], status="failed", reason=script, stderr_tail=(script,), metrics=())
    return hostile


def many_records(count: int = 60) -> list[Record]:
    """Return that many measured cases of one model on one host, over threads and recipes."""
    base = quickstart_records()
    records = []
    for index in range(count):
        record = base[index % len(base)]
        threads = index // len(base) + 1
        records.append(
            replace(
                record,
                case=case_id(record.precision, record.runtime, threads),
                sibling=case_id("fp32", record.runtime, threads) if record.sibling else "",
                threads=threads,
                metrics=tuple(_scaled(metric, 1 - 0.09 * (threads - 1)) for metric in record.metrics),
            )
        )
    return records


def _scaled(metric: Metric, factor: float) -> Metric:
    if metric.unit != "ns":
        return metric
    ends = {key: None if (end := getattr(metric, key)) is None else end * factor for key in ("low", "high")}
    return replace(metric, value=None if metric.value is None else metric.value * factor, **ends)


def _recipe(precision: str) -> dict[str, Any]:
    labelled = Training(labels=True, steps=200)
    if precision == "qat":
        return asdict(Recipe(name="qat", precision="qat", training=labelled))
    return asdict(Recipe(name=precision, precision=precision))  # type: ignore[arg-type]


def _metrics(runtime: str, precision: str) -> tuple[Metric, ...]:
    accuracy, difference, milliseconds, kibibytes, mebibytes = FIGURES[runtime, precision]
    ns, size, peak = milliseconds * 1e6, kibibytes * 1024, mebibytes * 2**20
    metrics = [
        *_accuracy(accuracy),
        *_latency("latency", ns, 2000),
        *_latency("end_to_end", ns + 2.31e6, 2000),
        *(make_metric(f"{part}_p50_ns", value, count=10) for part, value in _parts(ns).items()),
        make_metric("load_ns", 4.1e6, low=3.9e6, high=4.4e6, level=0.95, count=10),
        make_metric("first_call_ns", ns * 2.4, low=ns * 2.2, high=ns * 2.8, level=0.95, count=10),
        make_metric("cpu_per_call_ns", ns * 1.01, low=ns * 0.99, high=ns * 1.03, level=0.95, count=10),
        make_metric("peak_rss_bytes", peak, count=3, note=READ_BY),
        make_metric("baseline_rss_bytes", 35.2 * 2**20, count=3),
        make_metric("model_rss_bytes", peak - 35.2 * 2**20, count=3),
        make_metric("size_bytes", size, count=1),
        make_metric("compressed_bytes", round(size * 0.91), count=1),
    ]
    if difference:
        value, low, high = difference
        base = FIGURES[runtime, "fp32"][2] * 1e6
        ratio = ns / base
        metrics += [
            make_metric("map_50_95_difference", value, low=low, high=high, level=0.95, count=400),
            make_metric("latency_ratio", ratio, low=ratio * 0.97, high=ratio * 1.03, level=0.95, count=10),
        ]
    return tuple(metrics)


def _accuracy(value: float) -> list[Metric]:
    others = {
        "map_50": 0.24,
        "map_75": 0.04,
        "map_small": -0.21,
        "map_medium": 0.06,
        "mar_1": -0.25,
        "mar_10": 0.06,
        "mar_100": 0.07,
        "mar_small": -0.15,
        "mar_medium": 0.11,
    }
    whole = make_metric("map_50_95", value, low=value - 0.022, high=value + 0.022, level=0.95, count=400)
    rest = [make_metric(name, value + more, count=400) for name, more in others.items()]
    # No large objects in this data: COCO says -1.
    none = [
        make_metric(name, -1.0, count=400, note="no large objects") for name in ("map_large", "mar_large")
    ]
    return [whole, *rest, *none]


def _latency(prefix: str, ns: float, calls: int) -> list[Metric]:
    spread = {"level": 0.95}
    outliers = "41 of 2,000 calls beyond 1.5 IQR of their process, 9 beyond 3 IQR, all kept"
    return [
        make_metric(
            f"{prefix}_p50_ns", ns, low=ns * 0.985, high=ns * 1.02, count=10, note=outliers, **spread
        ),
        make_metric(f"{prefix}_p90_ns", ns * 1.08, low=ns * 1.04, high=ns * 1.15, count=calls, **spread),
        make_metric(f"{prefix}_p95_ns", ns * 1.14, low=ns * 1.08, high=ns * 1.24, count=calls, **spread),
        make_metric(f"{prefix}_p99_ns", ns * 1.4, low=ns * 1.2, high=ns * 1.9, count=calls, **spread),
    ]


def _parts(ns: float) -> dict[str, float]:
    return {"decode": 0.62e6, "preprocess": 0.58e6, "invoke": ns * 1.02, "postprocess": 1.09e6}


def _per_class(accuracy: float) -> dict[str, float | None]:
    shifts = (0.08, 0.05, -0.02, -0.11, 0.01, 0.03, -0.06, 0.02)
    return {name: round(accuracy + shift, 4) for name, shift in zip(CLASSES, shifts, strict=True)}


def _proof(runtime: str, precision: str) -> dict[str, Any]:
    if runtime == "litert":
        taken = 1 if precision == "dynamic" else 71
        return {
            "runtime": "litert",
            "runtime_version": "2.3.0",
            "threads": 1,
            "delegate": "xnnpack",
            "num_ops": 71,
            "num_delegated": taken,
        }
    fused = 39 if precision in ("int8", "qat", "dynamic") else 0
    return {
        "runtime": "onnxruntime",
        "runtime_version": "1.31.1",
        "threads": 1,
        "providers": ["CPUExecutionProvider"],
        "num_ops": 60,
        "num_fusable": 39,
        "num_fused": fused,
        "num_quantize_ops": 2 if fused else 0,
    }
