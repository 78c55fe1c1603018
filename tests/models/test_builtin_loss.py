"""The detection loss and its use in fine-tuning: right answers cost nothing, and steps lead towards them."""

import numpy as np
import pytest

from bench.models.builtin.targets import make_targets

tf = pytest.importorskip("tensorflow", reason="the loss is written in TensorFlow")

from bench.models.builtin.loss import detection_loss, overlap  # noqa: E402


@pytest.fixture
def targets():
    one = make_targets(np.array([[40.0, 30, 64, 48], [100, 100, 24, 30]]), np.array([2, 7]), (160, 160))
    return np.stack([one, make_targets(np.zeros((0, 4)), np.zeros(0, int), (160, 160))])


def right_answers(targets):
    logits = np.where(targets[..., :1] == np.arange(8), 30.0, -30.0).astype(np.float32)
    return logits, targets[..., 1:].copy()


def loss_of(logits, boxes, targets):
    return float(detection_loss([tf.constant(logits), tf.constant(boxes)], tf.constant(targets)))


def test_certain_and_exact_answers_cost_nothing(targets):
    assert loss_of(*right_answers(targets), targets) == pytest.approx(0, abs=1e-5)


def test_wrong_classes_wrong_boxes_and_false_alarms_each_cost_something(targets):
    logits, boxes = right_answers(targets)
    assert loss_of(np.roll(logits, 1, axis=-1), boxes, targets) > 1
    assert loss_of(logits, boxes + 1, targets) > loss_of(logits, boxes + 0.1, targets) > 0.1
    alarmed = logits.copy()
    alarmed[1, 17, 3] = 5
    assert loss_of(alarmed, boxes, targets) > 0.1


def test_boxes_of_cells_without_an_object_are_ignored(targets):
    logits, boxes = right_answers(targets)
    boxes[1] = 9
    assert loss_of(logits, boxes, targets) == pytest.approx(0, abs=1e-5)


def test_a_batch_without_objects_has_a_finite_loss_and_gradient(targets):
    empty = tf.constant(targets[1:])
    scores, boxes = tf.Variable(tf.zeros((1, 400, 8))), tf.Variable(tf.zeros((1, 400, 4)))
    with tf.GradientTape() as tape:
        loss = detection_loss([scores, boxes], empty)
    gradients = tape.gradient(loss, [scores, boxes])
    assert np.isfinite(float(loss)) and all(np.isfinite(g.numpy()).all() for g in gradients)


def test_overlap_agrees_with_hand_worked_boxes():
    # 2 x 2 about the origin against the same moved right by one: 2 common, 6 in the union, hull 3 x 2 = 6.
    iou, giou = overlap(tf.constant([1.0, 1, 1, 1]), tf.constant([0.0, 1, 2, 1]))
    assert float(iou) == pytest.approx(1 / 3) and float(giou) == pytest.approx(1 / 3)
    # Moved right by three: nothing in common, 8 in the union, hull 5 x 2 = 10.
    iou, giou = overlap(tf.constant([1.0, 1, 1, 1]), tf.constant([-2.0, 1, 4, 1]))
    assert float(iou) == 0 and float(giou) == pytest.approx(-0.2)


def test_fine_tuning_trains_the_given_variables_through_the_given_forward(targets):
    from bench.models.builtin.optimise import fine_tune

    logits = tf.Variable(np.full((1, 400, 8), -3, np.float32))
    boxes = tf.Variable(np.full((1, 400, 4), 2, np.float32))

    def forward(images):
        spread = tf.ones((tf.shape(images)[0], 1, 1))
        return [logits * spread, boxes * spread]

    def batches():
        while True:
            yield np.zeros((2, 160, 160, 3), np.float32), targets

    before = float(detection_loss(forward(np.zeros((2, 1))), tf.constant(targets)))
    lines = []
    last = fine_tune(
        None, batches(), 120, 0.05, forward=forward, variables=[logits, boxes], report=lines.append
    )
    assert last < before / 2
    assert [line.split()[1] for line in lines] == ["100/120", "120/120"]
