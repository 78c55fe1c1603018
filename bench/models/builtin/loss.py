"""The detection loss, differentiable in TensorFlow; training, fine-tuning and labelled QAT share it.

Axis letters: b images, n cells, k classes.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

Tensor = Any

# Weight and focus of the empty cells. Source: Zhang et al., VarifocalNet, CVPR 2021, equation 2.
_ALPHA, _GAMMA = 0.75, 2.0

# Boxes weigh twice as much as classes, as in GFL and its successors.
_BOX_WEIGHT = 2.0


def detection_loss(outputs: Sequence[Tensor], targets: Tensor) -> Tensor:
    """Measure how far predictions are from the targets: varifocal loss plus 2 x GIoU loss per answering cell.

    Args:
        outputs: [scores (b, n, k) float32 logits, boxes (b, n, 4) float32 ltrb in strides].
        targets: (b, n, 5) float32, as `make_targets` gives for each image.

    Returns:
        A float32 scalar, 0 for certain and exact predictions.
    """
    scores, boxes = outputs
    answering = tf.cast(targets[..., 0] >= 0, tf.float32)
    num_answering = tf.maximum(tf.reduce_sum(answering), 1.0)
    iou, giou = overlap(boxes, targets[..., 1:])
    classes = tf.one_hot(tf.cast(targets[..., 0], tf.int32), scores.shape[-1])
    class_loss = tf.reduce_sum(_varifocal(scores, classes * tf.stop_gradient(iou)[..., None], classes))
    box_loss = tf.reduce_sum(answering * (1.0 - giou))
    return (class_loss + _BOX_WEIGHT * box_loss) / num_answering


def _varifocal(logits: Tensor, quality: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy against the box's IoU where a cell answers, focal loss elsewhere: (b, n, k)."""
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=quality, logits=logits)
    # The entropy of the label is what a perfect prediction would still cost: without it the best loss is 0.
    entropy = -(tf.math.xlogy(quality, quality) + tf.math.xlogy(1.0 - quality, 1.0 - quality))
    empty_weight = _ALPHA * tf.stop_gradient(tf.sigmoid(logits)) ** _GAMMA
    return tf.where(classes > 0, quality * (cross_entropy - entropy), empty_weight * cross_entropy)


def overlap(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Return IoU and generalised IoU of boxes that are given as distances from the same point.

    Args:
        boxes: (..., 4) ltrb, at or above 0.
        others: (..., 4) ltrb.

    Returns:
        Two (...) tensors. Source: Rezatofighi et al., Generalized IoU, CVPR 2019, algorithm 1.
    """
    near, far = tf.minimum(boxes, others), tf.maximum(boxes, others)
    common = _area(tf.nn.relu(near[..., :2] + near[..., 2:]))
    hull = _area(far[..., :2] + far[..., 2:])
    union = _area(boxes[..., :2] + boxes[..., 2:]) + _area(others[..., :2] + others[..., 2:]) - common
    # Cells without an object have boxes of no size: keep their quotients finite.
    iou = common / tf.maximum(union, 1e-6)
    return iou, iou - (hull - union) / tf.maximum(hull, 1e-6)


def _area(sides: Tensor) -> Tensor:
    return sides[..., 0] * sides[..., 1]
