"""How the scene is taken: uneven light, blur, sensor noise and rounding to 8 bits."""

import numpy as np
from numpy.typing import NDArray


def expose(rng: np.random.Generator, canvas: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Turn scene radiance into a photograph.

    Args:
        rng: Source of randomness.
        canvas: (height, width, 3) float32, about 0..1.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    lit = canvas * _light(rng, *canvas.shape[:2])
    for _ in range(int(rng.integers(0, 4))):
        lit = _soften(lit)
    noise = rng.standard_normal(lit.shape, dtype=np.float32)
    lit += noise * np.float32(rng.uniform(0.01, 0.07))
    pixels: NDArray[np.uint8] = np.rint(np.clip(lit, 0, 1) * np.float32(255)).astype(np.uint8)
    return pixels


def _light(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Return (height, width, 1) gains: a tilted plane of light and one overall exposure."""
    exposure = rng.uniform(0.6, 1.25)
    slope_x, slope_y = rng.uniform(-0.35, 0.35, 2)
    across = slope_x * np.linspace(-1, 1, width)
    down = slope_y * np.linspace(-1, 1, height)
    gains: NDArray[np.float32] = (exposure * (1 + down[:, None] + across))[..., None].astype(np.float32)
    return gains


def _soften(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur by the binomial kernel 1 2 1 along both axes (variance 0.5 px^2 a pass), edges repeated."""
    tall = np.concatenate([image[:1], image, image[-1:]])
    image = (tall[:-2] + tall[2:] + image + image) * np.float32(0.25)
    wide = np.concatenate([image[:, :1], image, image[:, -1:]], axis=1)
    soft: NDArray[np.float32] = (wide[:, :-2] + wide[:, 2:] + image + image) * np.float32(0.25)
    return soft
