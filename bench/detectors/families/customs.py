"""Input customs that several families share."""

from bench.wire.description import Preprocess


def minus_one_to_one(width: int, height: int) -> Preprocess:
    """Return the input of the TensorFlow detectors: stretched, pixels of 0 to 255 as -1 to 1."""
    return Preprocess(width, height, mean=(127.5,) * 3, std=(127.5,) * 3)


def letterboxed(width: int, height: int, suffix: str) -> Preprocess:
    """Return the input of Ultralytics' exports: centred letterbox, 0 to 1, channels first in ONNX files."""
    layout = "nchw" if suffix == ".onnx" else "nhwc"
    return Preprocess(width, height, layout=layout, resize="letterbox")  # type: ignore[arg-type, unused-ignore]
