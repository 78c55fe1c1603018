"""`bench train`: train the built-in detector again, as the shipped weights were."""

from __future__ import annotations

import argparse
from dataclasses import replace

from bench.cli import EXIT_GOOD


def run(options: argparse.Namespace) -> int:
    """Train on rendered scenes and leave `detector.keras` with `card.json` in a folder."""
    from bench.datasets.rendered.scene import render_scene
    from bench.models.builtin.train import Settings, train

    given = {"steps": options.steps, "num_images": options.images, "seed": options.seed}
    settings = replace(Settings(), **{name: value for name, value in given.items() if value is not None})
    options.output.mkdir(parents=True, exist_ok=True)
    card = train(render_scene, options.output, settings)
    print(f"map_50_95 on held-out scenes: {card['statistics']['map_50_95']}")
    print(f"weights: {options.output / 'detector.keras'}")
    return EXIT_GOOD
