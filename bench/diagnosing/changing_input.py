"""Changes of what the model is fed: channel order, value range, resize, layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

from bench.diagnosing.change import Change
from bench.wire.description import Frame, ModelDescription, Preprocess, Resize

# Value ranges in use: text, mean, std of the red, green and blue channel in pixel units. The last one is that
# of models that start from ImageNet weights: 255 times (.485, .456, .406) and (.229, .224, .225).
RANGES = (
    ("0 to 1", (0.0,) * 3, (255.0,) * 3),
    ("-1 to 1", (127.5,) * 3, (127.5,) * 3),
    ("0 to 255", (0.0,) * 3, (1.0,) * 3),
    ("ImageNet's mean and deviation", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
)


def input_changes(description: ModelDescription, usual: ModelDescription) -> Iterator[Change]:
    """Yield other ways to feed the model.

    Args:
        usual: the family's customs, whose value range is tried too.
    """
    preprocess = description.preprocess
    for kind, text, other in _preprocesses(preprocess, usual.preprocess):
        yield Change(kind, text, replace(description, preprocess=other))
    for resize in get_args(Resize):
        if resize != preprocess.resize:
            other = replace(preprocess, resize=resize)
            text = f"the photo is resized by {resize}, not by {preprocess.resize}"
            yield Change("resize", text, replace(description, preprocess=other))
    if preprocess.resize != "stretch":
        frame: Frame = "photo" if description.decode.frame == "input" else "input"
        text = (
            "boxes lie in the padded input: the letterbox is to be undone"
            if frame == "input"
            else "boxes lie in the photo: the graph has undone the letterbox itself"
        )
        yield Change("frame", text, replace(description, decode=replace(description.decode, frame=frame)))


def _preprocesses(present: Preprocess, usual: Preprocess) -> Iterator[tuple[str, str, Preprocess]]:
    other_color = "bgr" if present.color == "rgb" else "rgb"
    swapped = replace(present, color=other_color)  # type: ignore[arg-type]
    turned = present.mean[::-1], present.std[::-1]
    yield "color", f"channels are {other_color.upper()}, not {present.color.upper()}", swapped
    yield "color", f"channels are {other_color.upper()}, mean and std with them", _fed(swapped, *turned)
    yield "range", "mean and std stand in the other channel order", _fed(present, *turned)
    yield "range", "mean and std are the family's usual ones", _fed(present, usual.mean, usual.std)
    for text, mean, std in RANGES:
        is_turned = present.color == "bgr"
        ordered = (mean[::-1], std[::-1]) if is_turned else (mean, std)
        yield "range", f"pixels become {text}", _fed(present, *ordered)
    layout = "nchw" if present.layout == "nhwc" else "nhwc"
    yield "layout", f"the input's axes are {layout}", replace(present, layout=layout)  # type: ignore[arg-type]


def _fed(preprocess: Preprocess, mean: tuple[float, ...], std: tuple[float, ...]) -> Preprocess:
    return replace(preprocess, mean=mean, std=std)  # type: ignore[arg-type]
