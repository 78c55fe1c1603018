"""One timed round in a fresh process: load, first call, inference loop, end-to-end loop.

Two clocks that are never mixed. `inference_ns` is the runtime's invoke alone, on inputs prepared before.
`end_to_end` is a photo's bytes in memory to final boxes, in four stages that add up to the total; its
`invoke` is all that the runtime does for a photo: copying in, running, copying out.
"""

from __future__ import annotations

import os
import time
from typing import Any

from bench.agent.context import JobContext
from bench.agent.loops import collector_off, time_invokes, time_stages, warm_up
from bench.agent.model import LoadedModel, decode_named, load_model
from bench.agent.photos import first_images, read_photo
from bench.agent.probes.under_load import under_load
from bench.agent.runtimes.base import Array
from bench.detectors import decode_photo
from bench.wire.job import ImageRef, LatencyOptions

_CLOCK = time.perf_counter_ns
_STAGES = ("decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns", "total_ns")


def run(context: JobContext) -> dict[str, Any]:
    """Measure one round; all samples in ns, in the order of the calls, none left out."""
    options = context.job.latency
    model = load_model(context)
    images = first_images(context, options.num_images)
    photos = [read_photo(context, image) for image in images]
    # One after the other: decoded photos are large, and only the inputs of all are needed at once.
    inputs = [
        model.to_inputs(model.resize(decode_named(context, image, photo))[0])
        for image, photo in zip(images, photos, strict=True)
    ]
    result: dict[str, Any] = {"load_ns": model.load_ns, "first_call_ns": _time_first_call(model, inputs[0])}
    result |= _time_inference(model, inputs, options)
    if options.with_end_to_end:
        result["end_to_end"] = _time_end_to_end(model, list(zip(images, photos, strict=True)), options)
    return {**result, "num_images": len(images), "proof": model.runtime.proof()}


def _time_first_call(model: LoadedModel, inputs: list[Array]) -> int:
    model.runtime.feed(inputs)
    start = _CLOCK()
    model.runtime.invoke()
    return _CLOCK() - start


def _time_inference(model: LoadedModel, inputs: list[list[Array]], options: LatencyOptions) -> dict[str, Any]:
    with collector_off():
        warmup_calls = warm_up(lambda call: model.run(inputs[call % len(inputs)]), options, _CLOCK)
        cpu_start = time.process_time_ns()
        samples = time_invokes(model.runtime, inputs, options, _CLOCK)
        cpu_ns = time.process_time_ns() - cpu_start
        load_average = list(os.getloadavg())
        loaded = under_load(lambda call: model.run(inputs[call % len(inputs)]))
    return {
        "inference_ns": samples,
        # Of all threads, over the whole loop: handing over the inputs is in it.
        "inference_cpu_ns": cpu_ns,
        "warmup_calls": warmup_calls,
        "load_average": load_average,
        "under_load": loaded,
    }


def _time_end_to_end(
    model: LoadedModel, photos: list[tuple[ImageRef, bytes]], options: LatencyOptions
) -> dict[str, list[int]]:
    def decode(photo: tuple[ImageRef, bytes]) -> Array:
        image, data = photo
        return decode_photo(data, (image.width, image.height), image.fill)

    def preprocess(photo: Array) -> tuple[list[Array], Any]:
        pixels, geometry = model.resize(photo)
        return model.to_inputs(pixels), geometry

    def invoke(prepared: tuple[list[Array], Any]) -> tuple[list[Array], Any]:
        return model.run(prepared[0]), prepared[1]

    def postprocess(found: tuple[list[Array], Any]) -> Any:
        return model.postprocess(*found)

    stages = (decode, preprocess, invoke, postprocess)

    def whole(call: int) -> None:
        value: Any = photos[call % len(photos)]
        for stage in stages:
            value = stage(value)

    with collector_off():
        warm_up(whole, options, _CLOCK)
        rows = time_stages(stages, photos, options, _CLOCK)
    return {name: list(column) for name, column in zip(_STAGES, zip(*rows, strict=True), strict=True)}
