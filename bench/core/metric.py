"""Metric: a value with name, unit and direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower"]
Unit = Literal["ns", "bytes", "ap", "ar", "ratio", "count", "j", "w", "c"]

# All metrics that a record may hold: name -> (unit, better direction, what it is).
METRICS: dict[str, tuple[Unit, Direction, str]] = {
    "map_50_95": ("ap", "higher", "COCO AP at IoU .50:.95, all areas, 100 detections"),
    "map_50": ("ap", "higher", "COCO AP at IoU .50"),
    "map_75": ("ap", "higher", "COCO AP at IoU .75"),
    "map_small": ("ap", "higher", "COCO AP of objects below 32^2 pixels"),
    "map_medium": ("ap", "higher", "COCO AP of objects from 32^2 to 96^2 pixels"),
    "map_large": ("ap", "higher", "COCO AP of objects above 96^2 pixels"),
    "mar_1": ("ar", "higher", "COCO AR with 1 detection an image"),
    "mar_10": ("ar", "higher", "COCO AR with 10 detections an image"),
    "mar_100": ("ar", "higher", "COCO AR with 100 detections an image"),
    "mar_small": ("ar", "higher", "COCO AR of small objects"),
    "mar_medium": ("ar", "higher", "COCO AR of medium objects"),
    "mar_large": ("ar", "higher", "COCO AR of large objects"),
    "map_50_95_difference": ("ap", "higher", "map_50_95 minus that of the fp32 sibling, paired over images"),
    "latency_p50_ns": ("ns", "lower", "inference: median over processes of each one's median invoke"),
    "latency_p90_ns": ("ns", "lower", "inference: 90th percentile of all calls"),
    "latency_p95_ns": ("ns", "lower", "inference: 95th percentile of all calls"),
    "latency_p99_ns": ("ns", "lower", "inference: 99th percentile of all calls"),
    "end_to_end_p50_ns": ("ns", "lower", "photo to final boxes: median over processes of each median"),
    "end_to_end_p90_ns": ("ns", "lower", "photo to final boxes: 90th percentile of all calls"),
    "end_to_end_p95_ns": ("ns", "lower", "photo to final boxes: 95th percentile of all calls"),
    "end_to_end_p99_ns": ("ns", "lower", "photo to final boxes: 99th percentile of all calls"),
    "decode_p50_ns": ("ns", "lower", "end to end, share of decoding the photo"),
    "preprocess_p50_ns": ("ns", "lower", "end to end, share of resize, normalise, quantize"),
    "invoke_p50_ns": ("ns", "lower", "end to end, share of the runtime's invoke"),
    "postprocess_p50_ns": ("ns", "lower", "end to end, share of dequantize, decode boxes, suppression"),
    "load_ns": ("ns", "lower", "model file to ready session: median over processes"),
    "first_call_ns": ("ns", "lower", "the first invoke: median over processes"),
    "cpu_per_call_ns": ("ns", "lower", "processor time of all threads a call, median over processes"),
    "latency_ratio": ("ratio", "lower", "latency_p50_ns over that of the fp32 sibling"),
    "latency_burst_p50_ns": ("ns", "lower", "sustained: median invoke of the first minute or tenth"),
    "latency_steady_p50_ns": ("ns", "lower", "sustained: median invoke of the last third"),
    "latency_steady_ratio": ("ratio", "lower", "sustained: latency_steady_p50_ns over latency_burst_p50_ns"),
    "peak_temperature_c": ("c", "lower", "sustained: highest temperature of the processor, degrees Celsius"),
    "throttled_share": ("ratio", "lower", "sustained: share of looks at which the processor was held back"),
    "energy_per_inference_j": ("j", "lower", "energy of one inference, power at rest subtracted"),
    "energy_per_inference_gross_j": ("j", "lower", "energy of one inference, power at rest included"),
    "load_power_w": ("w", "lower", "mean power while the model runs without a pause"),
    "idle_power_w": ("w", "lower", "mean power at rest, before the model is loaded"),
    "peak_rss_bytes": ("bytes", "lower", "high-water mark of the process that loads and runs the model"),
    "baseline_rss_bytes": ("bytes", "lower", "resident memory after importing the runtime, before loading"),
    "model_rss_bytes": ("bytes", "lower", "peak minus baseline: the model's share"),
    "size_bytes": ("bytes", "lower", "model file on disk"),
    "compressed_bytes": ("bytes", "lower", "model file after zlib level 9"),
}


@dataclass(frozen=True)
class Metric:
    """One measured value.

    Attributes:
        value: in base units; None where no honest figure exists, and `note` says why.
        low, high: ends of its interval at confidence `level`, where one is known.
        count: how many samples stand behind it (processes for medians, calls for percentiles, images for AP).
    """

    name: str
    value: float | None
    unit: Unit
    direction: Direction
    low: float | None = None
    high: float | None = None
    level: float | None = None
    count: int = 0
    note: str = ""


def make_metric(name: str, value: float | None, **details: float | int | str | None) -> Metric:
    """Make a metric of a known name; its unit and direction come from `METRICS`."""
    unit, direction, _ = METRICS[name]
    return Metric(name=name, value=value, unit=unit, direction=direction, **details)  # type: ignore[arg-type]
