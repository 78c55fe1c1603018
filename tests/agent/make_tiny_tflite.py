"""Makes `models/tiny_float.tflite` and `models/tiny_int8.tflite`; run it again if they must change.

One convolution of 8 x 8 pixels with stride 8 looks at a 32 x 32 photo: 4 x 4 cells, 3 classes, boxes as four
distances. Weights are drawn from seed 0 by `tiny_weights`, which the tests draw again as their oracle.
Needs TensorFlow, which is why the two small files are kept beside this script.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from tiny_network import GRID, NUM_CLASSES, SIZE, STRIDE, tiny_weights

FOLDER = Path(__file__).parent / "models"


def build() -> tf.lite.TFLiteConverter:
    """Return a converter that holds the network."""
    weights, bias = tiny_weights()

    @tf.function(input_signature=[tf.TensorSpec((1, SIZE, SIZE, 3), tf.float32, name="image")])
    def network(image: tf.Tensor) -> dict[str, tf.Tensor]:
        cells = tf.nn.conv2d(image, weights, STRIDE, "VALID") + bias
        cells = tf.reshape(cells, (1, GRID * GRID, NUM_CLASSES + 4))
        return {"scores": cells[..., :NUM_CLASSES], "boxes": tf.nn.relu(cells[..., NUM_CLASSES:])}

    return tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "tiny_float.tflite").write_bytes(build().convert())
    converter = build()
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    drawn = np.random.default_rng(1)
    converter.representative_dataset = lambda: (
        [drawn.uniform(-1, 1, (1, SIZE, SIZE, 3)).astype(np.float32)] for _ in range(20)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    (FOLDER / "tiny_int8.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main()
