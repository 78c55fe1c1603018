"""Peak memory of loading and running a model in a fresh process, and the model's share of it.

The baseline is read when the runtime is imported and the photos are resized, right before the model is
loaded; the peak is the high-water mark from there to the last box. Between them stands what is resident when
the model is loaded and has not run. RssAnon, RssFile and swap are those at the end, with the model still
loaded: mapped model pages count as file, copies as anonymous memory.
"""

from __future__ import annotations

import os
from typing import Any

from bench.agent.context import JobContext
from bench.agent.model import load_model, read_pixels
from bench.agent.photos import first_images
from bench.agent.probes.memory import read_memory, release_free_memory, reset_peak
from bench.agent.runtimes import runtime_class

# Runtimes allocate lazily and in steps; five calls have seen every buffer of those that we know.
MIN_CALLS = 5


def run(context: JobContext) -> dict[str, Any]:
    """Measure memory; sizes in bytes, None for what the system does not tell apart."""
    runtime_class(context.job.runtime.name)
    images = first_images(context, MIN_CALLS)
    prepared = [read_pixels(context, image) for image in images]
    release_free_memory()
    baseline = read_memory()
    method = reset_peak()
    model = load_model(context)
    loaded = read_memory()
    for call in range(MIN_CALLS):
        pixels, geometry = prepared[call % len(prepared)]
        model.postprocess(model.run(model.to_inputs(pixels)), geometry)
    after = read_memory()
    return {
        "baseline_rss_bytes": baseline.rss_bytes,
        "loaded_rss_bytes": loaded.rss_bytes,
        "peak_rss_bytes": after.peak_rss_bytes,
        "rss_anon_bytes": after.rss_anon_bytes,
        "rss_file_bytes": after.rss_file_bytes,
        "swap_bytes": after.swap_bytes,
        "method": method,
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "calls": MIN_CALLS,
        "proof": model.runtime.proof(),
    }
