"""Independent decoders of dense heads: plain loops over cells, written from the published formulas.

A head is given as parts: role -> one array (anchors, rows, columns, channels) for each level. Each decoder
yields (score, class, x1, y1, x2, y2) of every class of every anchor, in input pixels.
"""

import math


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


def softmax(values):
    highest = max(values)
    powers = [math.exp(value - highest) for value in values]
    total = sum(powers)
    return [power / total for power in powers]


def places(parts, role):
    """Yield level, anchor, row and column of everything that a part tells."""
    for level, array in enumerate(parts[role]):
        for anchor in range(array.shape[0]):
            for row in range(array.shape[1]):
                for column in range(array.shape[2]):
                    yield level, anchor, row, column


def centred(x, y, width, height):
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def yolox(parts, strides, is_logit=False):
    """YOLOX: xy from the cell's corner in strides, wh as logarithms of strides."""
    activate = sigmoid if is_logit else float
    for level, anchor, row, column in places(parts, "boxes"):
        x, y, w, h = map(float, parts["boxes"][level][anchor, row, column])
        stride = strides[level]
        box = centred((x + column) * stride, (y + row) * stride, math.exp(w) * stride, math.exp(h) * stride)
        objectness = activate(parts["objectness"][level][anchor, row, column, 0])
        for label, value in enumerate(parts["classes"][level][anchor, row, column]):
            yield objectness * activate(value), label, *box


def yolov5(parts, strides, anchors, is_logit=True):
    """YOLOv5's detection layer: xy = 2 s - 0.5 from the cell's corner, wh = (2 s)^2 anchors."""
    activate = sigmoid if is_logit else float
    for level, anchor, row, column in places(parts, "boxes"):
        x, y, w, h = (2 * activate(value) for value in parts["boxes"][level][anchor, row, column])
        width, height = anchors[level][anchor]
        stride = strides[level]
        box = centred((x - 0.5 + column) * stride, (y - 0.5 + row) * stride, w * w * width, h * h * height)
        objectness = activate(parts["objectness"][level][anchor, row, column, 0])
        for label, value in enumerate(parts["classes"][level][anchor, row, column]):
            yield objectness * activate(value), label, *box


def distributions(parts, strides, centre=0.5, is_logit=True):
    """GFL, DFL: the mean of each side's bins, in strides from the cell's place."""
    for level, anchor, row, column in places(parts, "distances"):
        bins = [float(value) for value in parts["distances"][level][anchor, row, column]]
        count = len(bins) // 4
        left, top, right, bottom = (
            sum(i * share for i, share in enumerate(softmax(bins[side * count : (side + 1) * count])))
            for side in range(4)
        )
        stride = strides[level]
        x, y = (column + centre) * stride, (row + centre) * stride
        box = (x - left * stride, y - top * stride, x + right * stride, y + bottom * stride)
        for label, value in enumerate(parts["scores"][level][anchor, row, column]):
            yield sigmoid(value) if is_logit else float(value), label, *box


def fastestdet(parts, stride, width, height):
    """FastestDet: tanh offsets from the cell's corner, sigmoid sizes of the input."""
    for level, anchor, row, column in places(parts, "boxes"):
        x, y, w, h = map(float, parts["boxes"][level][anchor, row, column])
        box = centred(
            (math.tanh(x) + column) * stride,
            (math.tanh(y) + row) * stride,
            sigmoid(w) * width,
            sigmoid(h) * height,
        )
        objectness = float(parts["objectness"][level][anchor, row, column, 0])
        for label, value in enumerate(parts["classes"][level][anchor, row, column]):
            score = max(objectness, 0) ** 0.6 * max(float(value), 0) ** 0.4
            yield score, label, *box


def yolofastestv2(parts, strides, anchors, is_logit=False):
    """YOLO-FastestV2: YOLOv5's boxes, one class distribution a cell."""
    activate = sigmoid if is_logit else float
    for level, _, row, column in places(parts, "boxes"):
        of_cell = [activate(value) for value in parts["boxes"][level][0, row, column]]
        classes = [float(value) for value in parts["classes"][level][0, row, column]]
        classes = softmax(classes) if is_logit else classes
        for anchor, (width, height) in enumerate(anchors[level]):
            x, y, w, h = (2 * value for value in of_cell[4 * anchor : 4 * anchor + 4])
            stride = strides[level]
            box = centred(
                (x - 0.5 + column) * stride, (y - 0.5 + row) * stride, w * w * width, h * h * height
            )
            objectness = activate(parts["objectness"][level][0, row, column, anchor])
            for label, value in enumerate(classes):
                yield objectness * value, label, *box


def ssd_anchor(level, anchor, row, column, grid, width, height, num_levels):
    """One anchor of the TensorFlow Object Detection API's `ssd_anchor_generator`: y, x, h, w in pixels."""
    low, high = 0.2, 0.95
    scale = low + (high - low) * level / (num_levels - 1)
    following = low + (high - low) * (level + 1) / (num_levels - 1) if level + 1 < num_levels else 1.0
    if level == 0:
        scale, ratio = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)][anchor]
    else:
        scale, ratio = [
            *((scale, ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)), (math.sqrt(scale * following), 1.0)
        ][anchor]  # fmt: skip
    side = min(width, height)
    y, x = (row + 0.5) * height / grid[0], (column + 0.5) * width / grid[1]
    return y, x, side * scale / math.sqrt(ratio), side * scale * math.sqrt(ratio)


def pyramid_anchor(stride, anchor, row, column, width, height):
    """One anchor of the API's `multiscale_anchor_generator`, scale 4, two sizes of the ratios 1, 2, 1/2."""
    ratio, size = [1.0, 2.0, 0.5][anchor // 2], 4.0 * stride * 2 ** ((anchor % 2) / 2)
    y = row * stride + (0 if height % stride else stride / 2)
    x = column * stride + (0 if width % stride else stride / 2)
    return y, x, size / math.sqrt(ratio), size * math.sqrt(ratio)


def efficientdet_anchor(level, anchor, row, column, grid, width, height, scale):
    """One anchor of EfficientDet: cells divide the input evenly, three sizes of the ratios 1, 2, 1/2."""
    size, ratio = scale * 2 ** ((anchor // 3) / 3), [1.0, 2.0, 0.5][anchor % 3]
    stride_y, stride_x = height / grid[0], width / grid[1]
    y, x = (row + 0.5) * stride_y, (column + 0.5) * stride_x
    return y, x, size * stride_y / math.sqrt(ratio), size * stride_x * math.sqrt(ratio)


def encoded(parts, anchor_of, scales, activate, counted):
    """SSD, RetinaNet: boxes told by their anchor; `activate` turns one row of scores into probabilities."""
    for level, anchor, row, column in places(parts, "boxes"):
        told = parts["boxes"][level][anchor, row, column]
        y, x, h, w = (float(value) / scale for value, scale in zip(told, scales, strict=True))
        of_y, of_x, of_h, of_w = anchor_of(level, anchor, row, column)
        box = centred(x * of_w + of_x, y * of_h + of_y, math.exp(w) * of_w, math.exp(h) * of_h)
        scores = activate([float(value) for value in parts["scores"][level][anchor, row, column]])
        for label, score in enumerate(scores[counted]):
            yield score, label, *box
