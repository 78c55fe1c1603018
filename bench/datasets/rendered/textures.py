"""Backgrounds and fills: smooth noise, gratings, gradients and flat colours, as float32 arrays in 0..1."""

import numpy as np
from numpy.typing import NDArray

from bench.datasets.rendered.raster import Stencil, rasterise

Pixels = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell: float) -> Pixels:
    """Interpolate random colour offsets on a coarse grid.

    Args:
        rng: Source of randomness.
        height: Rows.
        width: Columns.
        cell: Distance of grid points, in pixels.

    Returns:
        (height, width, 3) float32 in -1..1.
    """
    rows, columns = int(height / cell) + 2, int(width / cell) + 2
    grid = rng.uniform(-1, 1, (rows, columns, 3))
    # Half of the variation is brightness, as in natural images; the other half is colour.
    grid = 0.5 * grid + 0.5 * grid[..., :1]
    # No matrix product: its order of addition, and so its last bit, differs between machines.
    tall = _between(grid, height, cell)
    return _between(tall, width, cell, axis=1).astype(np.float32)


def _between(points: NDArray[np.float64], size: int, cell: float, axis: int = 0) -> NDArray[np.float64]:
    """Interpolate linearly along an axis, whose length becomes `size`."""
    position = np.arange(size) / cell
    before = position.astype(np.intp)
    weight = (position - before).reshape(-1, *[1] * (points.ndim - axis - 1))
    mixed: NDArray[np.float64] = points.take(before, axis)
    mixed *= 1 - weight
    after = points.take(before + 1, axis)
    after *= weight
    mixed += after
    return mixed


def grating(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Return waves of random direction and a period of 5 to 40 pixels: (height, width, 1) in -1..1."""
    angle, period, phase = rng.uniform(0, np.pi), rng.uniform(5, 40), rng.uniform(0, 2 * np.pi)
    x = np.arange(width) * (np.cos(angle) * 2 * np.pi / period)
    y = np.arange(height) * (np.sin(angle) * 2 * np.pi / period) + phase
    # sin(x + y) by the addition theorem: two short tables instead of a sine per pixel.
    waves = np.outer(np.sin(y), np.cos(x)) + np.outer(np.cos(y), np.sin(x))
    return waves[..., None].astype(np.float32)


def background(rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Return a cluttered background, (height, width, 3) float32, about 0..1."""
    canvas = np.broadcast_to(rng.uniform(0.15, 0.85, 3).astype(np.float32), (height, width, 3)).copy()
    for cell in (90.0, 30.0, 10.0, 4.0):
        canvas += np.float32(rng.uniform(0.02, 0.20)) * smooth_noise(rng, height, width, cell)
    if rng.random() < 0.6:
        tint = rng.uniform(-0.12, 0.12, 3).astype(np.float32)
        canvas += grating(rng, height, width) * tint
    for _ in range(int(rng.integers(4, 20))):
        _add_blob(rng, canvas)
    return canvas


def _add_blob(rng: np.random.Generator, canvas: Pixels) -> None:
    """Paint a translucent ragged patch or streak onto the canvas, in place."""
    height, width = canvas.shape[:2]
    angles = np.arange(9) * (2 * np.pi / 9)
    radii = rng.uniform(0.4, 1.0, 9)[:, None] * rng.uniform(4, 36, 2)
    loop = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii + rng.uniform(0, 1, 2) * (width, height)
    stencil = rasterise([loop], height, width)
    colour = rng.uniform(0, 1, 3).astype(np.float32)
    paint(canvas, stencil, colour, rng.uniform(0.15, 0.7))


def paint(canvas: Pixels, stencil: Stencil, fill: Pixels, opacity: float = 1.0) -> None:
    """Blend `fill` (a colour or the window's pixels) over the canvas inside the stencil, in place."""
    region = canvas[stencil.window]
    region += (np.float32(opacity) * stencil.coverage[..., None]) * (fill - region)


def draw_fill(rng: np.random.Generator, surroundings: Pixels) -> Pixels:
    """Choose the surface of a shape: flat, shaded or striped, sometimes close to its surroundings.

    Args:
        rng: Source of randomness.
        surroundings: (rows, columns, 3) float32, the canvas where the shape will stand.

    Returns:
        (rows, columns, 3) or (3,) float32.
    """
    rows, columns = surroundings.shape[:2]
    colour = rng.uniform(0.02, 0.98, 3).astype(np.float32)
    if rng.random() < 0.25:
        # Camouflage: pull the colour towards what stands behind.
        near = surroundings.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
        colour = near + np.float32(0.5) * (colour - near)
    kind = rng.random()
    if kind < 0.4 or min(rows, columns) == 0:
        return colour
    other = rng.uniform(-0.35, 0.35, 3).astype(np.float32)
    if kind < 0.75:
        return colour + other * smooth_noise(rng, rows, columns, max(rows, columns) * 0.7)
    return colour + other * grating(rng, rows, columns)
