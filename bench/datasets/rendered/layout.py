"""What stands where in a scene: sizes, places and painting order, drawn at random. No pixels here."""

from dataclasses import dataclass

import numpy as np

from bench.datasets.rendered.outlines import DISTRACTORS, OBJECTS

# (width, height) in pixels. Several aspects, so that resizing to a square input is part of the problem.
CANVASES = ((320, 240), (240, 320), (280, 280), (360, 224))

# One image in 25 holds no object, as in COCO (1%), but often enough to be seen in a small sample.
_EMPTY_SHARE = 0.04


# (share of shapes, lowest, highest diameter), in pixels. The boxes fall on all three sizes that COCO reports
# (below 32^2, up to 96^2, above), and the smallest spans a stride of 8 at 160 px.
_DIAMETERS = ((0.16, 28.0, 42.0), (0.46, 48.0, 110.0), (0.38, 110.0, 180.0))

# Most shapes of each kind; the fewest is 1.
_MAX_OBJECTS = 5
_MAX_DISTRACTORS = 2

# Distance of two centres, in sums of their diameters, that is looked for, and places that are tried for it.
_SPACING = 0.55
_NUM_TRIES = 30


@dataclass(frozen=True)
class Item:
    """One shape of the scene.

    Attributes:
        shape: A name known to `outlines`.
        diameter: Of the circle round the unstretched shape, in pixels.
        stretch: Width over height of the shape before turning.
        angle: In radians.
        centre: (x, y) in pixels.
    """

    shape: str
    diameter: float
    stretch: float
    angle: float
    centre: tuple[float, float]

    @property
    def radii(self) -> tuple[float, float]:
        """Half axes in pixels; the longer one is half the diameter."""
        longest = max(self.stretch, 1.0)
        return self.diameter / 2 * self.stretch / longest, self.diameter / 2 / longest


def draw_canvas(rng: np.random.Generator) -> tuple[int, int]:
    """Choose the canvas, (width, height) in pixels."""
    return CANVASES[int(rng.integers(len(CANVASES)))]


def draw_items(rng: np.random.Generator, width: int, height: int) -> list[Item]:
    """Choose the shapes in painting order: larger ones tend to lie behind smaller ones."""
    num_objects = 0 if rng.random() < _EMPTY_SHARE else int(rng.integers(1, _MAX_OBJECTS + 1))
    names = [_pick(rng, tuple(OBJECTS)) for _ in range(num_objects)]
    num_distractors = int(rng.integers(1, _MAX_DISTRACTORS + 1))
    names += [_pick(rng, tuple(DISTRACTORS)) for _ in range(num_distractors)]
    items: list[Item] = []
    for name in names:
        items.append(_draw_item(rng, name, (width, height), items))
    depths = [item.diameter * float(np.exp(rng.normal(0, 0.3))) for item in items]
    return [items[i] for i in np.argsort(depths)[::-1]]


def _pick(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]


def _draw_item(rng: np.random.Generator, name: str, canvas: tuple[int, int], others: list[Item]) -> Item:
    diameter = min(_draw_diameter(rng), 0.9 * min(canvas))
    stretch = float(np.exp(rng.uniform(-0.3, 0.3)))
    angle = float(rng.uniform(0, 2 * np.pi))
    return Item(name, diameter, stretch, angle, _draw_centre(rng, diameter, canvas, others))


def _draw_diameter(rng: np.random.Generator) -> float:
    shares = [share for share, _, _ in _DIAMETERS]
    _, low, high = _DIAMETERS[int(rng.choice(len(shares), p=shares))]
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _draw_centre(
    rng: np.random.Generator, diameter: float, canvas: tuple[int, int], others: list[Item]
) -> tuple[float, float]:
    """Try places and keep the first that is far enough from the other shapes, else the last tried."""
    margin = 0.35 * diameter
    for _ in range(_NUM_TRIES):
        x, y = (float(rng.uniform(margin, side - margin)) for side in canvas)
        if all(_is_apart(x, y, diameter, other) for other in others):
            break
    return x, y


def _is_apart(x: float, y: float, diameter: float, other: Item) -> bool:
    distance = float(np.hypot(x - other.centre[0], y - other.centre[1]))
    return distance > _SPACING * (diameter + other.diameter)
