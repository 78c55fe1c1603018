"""Does a model run here, on what kernels, and does it answer anything: asked before time is spent on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.agent.context import JobContext
from bench.agent.model import load_model, read_pixels
from bench.agent.photos import first_images
from bench.agent.probes.machine import machine_facts
from bench.agent.runtimes import runtime_class
from bench.agent.runtimes.base import Array
from bench.detectors.plug_ins import origin_of
from bench.wire.codec import to_json
from bench.wire.tensor import TensorSpec


def run(context: JobContext) -> dict[str, Any]:
    """Run the model on all images of the job and look at what comes out.

    Raises:
        ModelError: the model cannot be loaded or does not fit its description.
    """
    # Imported before counting: libraries start threads of their own.
    runtime_class(context.job.runtime.name)
    threads_before = psutil.Process().num_threads()
    model = load_model(context)
    images = first_images(context, len(context.job.images))
    is_all_zero, has_nan, num_detections = True, False, 0
    shapes: list[tuple[int, ...]] = []
    for image in images:
        pixels, geometry = read_pixels(context, image)
        outputs = model.run(model.to_inputs(pixels))
        is_all_zero = is_all_zero and are_zero(outputs, model.runtime.outputs)
        has_nan = has_nan or have_nan(outputs)
        num_detections += len(model.postprocess(outputs, geometry).scores)
        shapes = [output.shape for output in outputs]
    # Counted before the close look, which may load the model a second time.
    threads_started = psutil.Process().num_threads() - threads_before
    return {
        "load_ns": model.load_ns,
        "num_images": len(images),
        "inputs": to_json(model.runtime.inputs),
        "outputs": to_json(model.runtime.outputs),
        "output_shapes": to_json(shapes),
        "is_all_zero": is_all_zero,
        "has_nan": has_nan,
        "num_detections": num_detections,
        "proof": {
            **model.runtime.proof(Path(context.folder)),
            "threads_started": threads_started,
            **_family_origin(context),
        },
        "environment": machine_facts(),
    }


def _family_origin(context: JobContext) -> dict[str, str]:
    """Say which package a decode family that is not built in came from, on this machine."""
    origin = origin_of(context.job.description.decode.family)
    return {"family_package": origin} if origin else {}


def are_zero(outputs: list[Array], specs: list[TensorSpec]) -> bool:
    """Whether every output stands for nothing but the number 0 (a quantized one: its zero point)."""
    return all(
        bool(np.all(output == (spec.zero_point if spec.is_quantized else 0)))
        for output, spec in zip(outputs, specs, strict=True)
    )


def have_nan(outputs: list[Array]) -> bool:
    """Whether a float output holds a value that is no finite number."""
    return any(
        np.issubdtype(output.dtype, np.floating) and not bool(np.isfinite(output).all()) for output in outputs
    )
