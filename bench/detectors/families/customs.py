"""Input customs that several families share."""

from bench.wire.description import Layout, Preprocess


def layout_of(suffix: str) -> Layout:
    """Return the layout of PyTorch exports: channels first in ONNX files, last in others."""
    return "nchw" if suffix == ".onnx" else "nhwc"


def minus_one_to_one(width: int, height: int) -> Preprocess:
    """Return the input of the TensorFlow detectors: stretched, pixels of 0 to 255 as -1 to 1."""
    return Preprocess(width, height, mean=(127.5,) * 3, std=(127.5,) * 3)


def letterboxed(width: int, height: int, suffix: str) -> Preprocess:
    """Return the input of Ultralytics' exports: centred letterbox, 0 to 1."""
    return Preprocess(width, height, layout_of(suffix), resize="letterbox")


def plain_bgr(width: int, height: int, suffix: str) -> Preprocess:
    """Return the input of FastestDet and YOLO-FastestV2: stretched, blue first, 0 to 1."""
    return Preprocess(width, height, layout_of(suffix), "bgr")
