"""What cannot be wrapped is refused before any work, with a reason that a report can show."""

from __future__ import annotations

from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers
from qat_networks import SIZE, residual

from bench.errors import UnavailableError
from bench.quantize.qat.rewrite import rewrite
from bench.quantize.qat.support import reason_not_wrappable


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="mine")
        self.conv = layers.Conv2D(2, 1)

    def call(self, images: Any) -> Any:
        return self.conv(images)


class Suppressing(layers.Layer):
    def call(self, boxes: Any) -> Any:
        kept = tf.image.non_max_suppression(boxes[0, 0], boxes[0, 0, :, 0], 5)
        return tf.gather(boxes[0, 0], kept)

    def compute_output_spec(self, boxes: Any) -> Any:
        return keras.KerasTensor((None, 4))


class Doubling(layers.Layer):
    def call(self, value: Any) -> Any:
        return value * 2


class Standardised(layers.Conv2D):
    """A convolution that computes something of its own with its kernel."""


def built(*stack: Any, shape: tuple[int, ...] = (SIZE, SIZE, 3), dtype: str = "float32") -> keras.Model:
    image = x = keras.Input(shape, dtype=dtype, name="image")
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


def two_inputs() -> keras.Model:
    first, second = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    return keras.Model([first, second], layers.Conv2D(2, 1)(layers.Add()([first, second])))


REFUSED = {
    "subclassed": (Subclassed, "the model 'mine' (Subclassed) is not functional"),
    "nested subclassed": (
        lambda: built(Subclassed()),
        "the nested model 'mine' (Subclassed) is not functional",
    ),
    "lambda": (
        lambda: built(layers.Conv2D(2, 1), layers.Lambda(lambda x: x * 2, name="twice")),
        "the layer 'twice' (Lambda) is a Lambda",
    ),
    "groups": (
        lambda: built(layers.Conv2D(4, 1), layers.Conv2D(4, 1, groups=2, name="grouped")),
        "the layer 'grouped' (Conv2D) is a convolution of 2 groups",
    ),
    "channels first": (
        lambda: built(layers.MaxPooling2D(data_format="channels_first", name="pool")),
        "the layer 'pool' (MaxPooling2D) is channels_first; expected channels_last",
    ),
    "unknown weights": (
        lambda: built(layers.Conv2D(4, 1), layers.PReLU(name="prelu")),
        "the layer 'prelu' (PReLU) holds weights that cannot be simulated; known are Conv2D, ",
    ),
    "a subclass of a known layer": (
        lambda: built(Standardised(4, 1, name="own")),
        "the layer 'own' (Standardised) holds weights that cannot be simulated",
    ),
    "suppression": (
        lambda: built(layers.Conv2D(4, 1), Suppressing()),
        "the graph contains non-maximum suppression",
    ),
    "two inputs": (two_inputs, "the model has 2 inputs; expected one image tensor"),
    "integer input": (
        lambda: built(layers.Rescaling(1 / 255), dtype="uint8"),
        "the input image is uint8 of shape (None, 32, 32, 3); expected a float32 image tensor",
    ),
    "half precision": (
        lambda: built(layers.Conv2D(4, 1, dtype="mixed_float16", name="half")),
        "the layer 'half' (Conv2D) computes in float16; expected a float32 model",
    ),
    "nothing to train": (lambda: built(layers.ReLU()), "no convolution or dense layer"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_model_that_cannot_be_wrapped_is_refused_with_the_reason(case: str) -> None:
    make, text = REFUSED[case]
    model = make()
    assert text in reason_not_wrappable(model)
    with pytest.raises(UnavailableError) as refusal:
        rewrite(model)
    assert str(refusal.value) == reason_not_wrappable(model)


def test_what_can_be_wrapped_has_no_reason_against_it() -> None:
    assert reason_not_wrappable(residual()) == ""
    assert reason_not_wrappable(built(layers.Conv2D(2, 1), Doubling())) == ""


def test_a_layer_that_cannot_be_copied_is_refused_by_name_of_the_cause() -> None:
    class Closed(layers.Layer):
        def __init__(self, factor: Any) -> None:
            super().__init__()
            self.factor = factor

        def call(self, value: Any) -> Any:
            return value * self.factor

    model = built(layers.Conv2D(2, 1), Closed(tf.constant(2.0)))
    with pytest.raises(UnavailableError, match="cannot be rebuilt layer by layer"):
        rewrite(model)
