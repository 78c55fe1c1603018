"""Made-up outputs of a YOLOv8n at 640 pixels, and what a plain loop over them finds: an oracle, not fast."""

from typing import Any

import numpy as np

from bench.wire.description import Suppression

ROWS, CLASSES, SIDE = 8400, 80, 640
THRESHOLD = 0.001

# So many that 100,000 candidates find room.
CLASSES_OF_A_THING = 12


def make_output(num_candidates: int, seed: int = 0, num_things: int = 0) -> np.ndarray:
    """Return (1, 84, 8400) float32 with that many scores of the threshold or more, most of them low.

    Args:
        num_things: boxes crowd around that many places, each of a few classes; 0 for boxes everywhere.
    """
    drawn = np.random.default_rng(seed)
    output = np.empty((1, 4 + CLASSES, ROWS), np.float32)
    output[0, :2], output[0, 2:4] = drawn.uniform(0, SIDE, (2, ROWS)), drawn.uniform(8, 200, (2, ROWS))
    may_score = np.ones((CLASSES, ROWS), np.bool_)
    if num_things:
        thing = drawn.integers(0, num_things, ROWS)
        centre, size = drawn.uniform(100, 540, (2, num_things)), drawn.uniform(50, 300, (2, num_things))
        output[0, :2] = centre[:, thing] + drawn.normal(0, 3, (2, ROWS))
        output[0, 2:4] = size[:, thing] * drawn.uniform(0.9, 1.1, (2, ROWS))
        may_score = (np.arange(CLASSES)[:, None] - 7 * thing) % CLASSES < CLASSES_OF_A_THING
    scores = output[0, 4:].reshape(-1)
    scores[:] = drawn.uniform(0, 0.9 * THRESHOLD, scores.shape)
    places = drawn.choice(np.flatnonzero(may_score), num_candidates, replace=False)
    scores[places] = np.exp(drawn.uniform(np.log(THRESHOLD * 1.01), np.log(0.95), num_candidates))
    return output


def detect_in_a_loop(output: np.ndarray, suppression: Suppression) -> list[tuple[float, int, list[float]]]:
    """Return (score, class, xyxy in input pixels) of what is kept, one candidate at a time."""
    columns = output[0].tolist()
    found = [
        (score, row, label)
        for label, scores in enumerate(columns[4:])
        for row, score in enumerate(scores)
        if score >= suppression.score_threshold
    ]
    found = sorted(found, reverse=True)[: suppression.pre_nms_top_k]
    kept: list[tuple[float, int, list[float]]] = []
    for score, row, label in found:
        x, y, width, height = (columns[i][row] for i in range(4))
        box = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
        if all(_overlap(box, other) <= suppression.iou_threshold for _, one, other in kept if one == label):
            kept.append((score, label, box))
        if len(kept) == suppression.max_detections:
            break
    return kept


def _overlap(a: Any, b: Any) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
