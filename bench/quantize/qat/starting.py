"""The best weights that post-training quantization offers: where learning starts, and what it must beat."""

from __future__ import annotations

from bench.core.recipe import Granularity
from bench.quantize.qat.distillation import Distillation
from bench.quantize.qat.equalising import equalise
from bench.quantize.qat.simulator import Simulator


def best_start(
    simulator: Simulator, distillation: Distillation, granularity: Granularity
) -> tuple[float, str]:
    """Balance the channels of the simulator's model if that brings simulated INT8 closer to the float model.

    Returns:
        The loss on the images held back, with the ranges calibrated, and a note on what was decided.
    """
    plain = distillation.calibrated_loss()
    before = simulator.state()
    pairs = equalise(simulator.model, distillation.learning_images(), granularity)
    if not pairs:
        return plain, "no channels to balance"
    balanced = distillation.calibrated_loss()
    if balanced < plain:
        return balanced, f"channels of {pairs} layer pairs balanced: loss {plain:.3g} -> {balanced:.3g}"
    simulator.restore(before)
    return plain, f"channels left as they are: balancing them gave loss {balanced:.3g}, not below {plain:.3g}"
