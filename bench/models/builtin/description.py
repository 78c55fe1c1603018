"""What the built-in detector expects and returns, as data for preprocessing and decoding."""

from typing import Any

# Width and height of the square input, in pixels.
INPUT_SIZE = 160

# One prediction cell covers this many input pixels a side.
STRIDE = 8

# Cells along each side of the prediction grid.
GRID = INPUT_SIZE // STRIDE

NUM_CELLS = GRID * GRID

CLASS_NAMES = ("disc", "ring", "triangle", "square", "star", "cross", "crescent", "arrow")

NUM_CLASSES = len(CLASS_NAMES)

DESCRIPTION: dict[str, Any] = {
    "name": "builtin",
    "input": {
        "name": "image",
        "shape": [1, INPUT_SIZE, INPUT_SIZE, 3],
        "dtype": "float32",
        "layout": "NHWC",
        "colour": "RGB",
    },
    "resize": {"mode": "stretch", "method": "bilinear", "antialias": False, "half_pixel_centres": True},
    # model input = pixel / 127.5 - 1, which lies in -1..1
    "normalise": {"scale": 1 / 127.5, "offset": -1.0},
    "outputs": {
        # class logits: a sigmoid gives the score
        "scores": {"shape": [1, NUM_CELLS, NUM_CLASSES], "activation": "sigmoid"},
        # left, top, right, bottom distances >= 0 from the cell's centre, in strides
        "boxes": {"shape": [1, NUM_CELLS, 4], "encoding": "ltrb", "unit": "stride"},
    },
    # cells are row-major; the centre of cell (row, column) is ((column + 0.5) * stride, (row + 0.5) * stride)
    "strides": [STRIDE],
    "decode": {"score_threshold": 0.001, "nms_iou": 0.6, "nms_per_class": True, "max_detections": 100},
    # position in `scores` -> COCO category id
    "category_ids": list(range(1, NUM_CLASSES + 1)),
    "class_names": list(CLASS_NAMES),
}
