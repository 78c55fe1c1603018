"""What the harness is held against: the shortest program that times one model with the runtime's own API.

`python bare_loop.py RUNTIME MODEL INPUTS.npy WARMUP CALLS` prints the median of the calls, ns. It imports
nothing of the project. The inputs, (n, ...) of the input's type, are gone through in rotation.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np


def litert(model: str) -> tuple[Callable[[np.ndarray], None], Callable[[], object]]:
    """Return how a model is fed and how it is run, on one thread."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    index = interpreter.get_input_details()[0]["index"]
    return lambda image: interpreter.set_tensor(index, image), interpreter.invoke


def onnxruntime(model: str) -> tuple[Callable[[np.ndarray], None], Callable[[], object]]:
    """Return how a model is fed and how it is run, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    feed: dict[str, np.ndarray] = {}
    return lambda image: feed.update({name: image}), lambda: session.run(None, feed)


def main(runtime: str, model: str, inputs: str, warmup: str, calls: str) -> None:
    """Time the calls."""
    feed, run = {"litert": litert, "onnxruntime": onnxruntime}[runtime](model)
    images = np.load(inputs, allow_pickle=False)
    samples = []
    for call in range(int(warmup) + int(calls)):
        feed(images[call % len(images)])
        start = time.perf_counter_ns()
        run()
        samples.append(time.perf_counter_ns() - start)
    print(statistics.median(samples[int(warmup) :]))


if __name__ == "__main__":
    main(*sys.argv[1:])
