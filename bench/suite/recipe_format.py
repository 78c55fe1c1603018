"""The suite's keys of recipes: what may stand below a name in `recipes`, and what it means."""

from __future__ import annotations

from bench.core.recipe import PRECISIONS
from bench.suite.containers import Key, ListOf, Table
from bench.suite.forms import Boolean, Choice, Integer, Number, Text

ACTIVATIONS = Choice(("uint8", "int8"), {"u8": "uint8", "s8": "int8"})
PRECISION = Choice(PRECISIONS)

_PATTERNS = ListOf(Text("a layer's name or a pattern (*, ?) of such", r"^(?=.*\S)[\s\S]+$"), takes_one=True)

_CALIBRATION = Table(
    "calibration",
    {
        "method": Key(
            Choice(("minmax", "percentile", "entropy")),
            "How ranges follow from what the images produce (ONNX).",
        ),
        "images": Key(Integer(1), "Images used; 100 unless given."),
        "source": Key(
            Choice(("images", "noise", "random_pixels")),
            "`noise` (random inputs, 0 to 1) and `random_pixels` show what bad calibration costs.",
        ),
    },
)
_TRAINING = Table(
    "quantization-aware training",
    {
        "labels": Key(
            Boolean(), "Learn from annotations (built-in detector only), not from the float model's outputs."
        ),
        "steps": Key(Integer(1), "Optimiser steps; 150 unless given."),
        "batch_size": Key(Integer(1), "Images a step; 16 unless given."),
        "learning_rate": Key(Number(0, is_open=True), "Peak learning rate; the route's own unless given."),
        "images": Key(Integer(1), "Training images used; 200 unless given."),
        "seed": Key(Integer(0), "Of the order of images."),
    },
)
RECIPE = Table(
    "a recipe",
    {
        "precision": Key(PRECISION, "What it makes; the recipe's own name unless given."),
        "io": Key(
            Choice(("float32", "int8", "uint8", "int16")),
            "Type of input and output tensors (LiteRT integer models); int8, or int16 for int16x8.",
        ),
        "granularity": Key(
            Choice(("per_channel", "per_tensor"), {"per-channel": "per_channel", "per-tensor": "per_tensor"}),
            "One weight scale per output channel, or one per tensor.",
        ),
        "activations": Key(ACTIVATIONS, "Type of quantized activations in ONNX files; uint8 unless given."),
        "keep_float": Key(
            _PATTERNS, "Layers that stay in float: names in the float model file, or patterns of them."
        ),
        "keep_8bit": Key(
            _PATTERNS, "Layers that get 8 bits where others get 4 (int4) or 16 (int16x8); likewise."
        ),
        "equalize": Key(
            Boolean(),
            "Balance channels across layers before quantizing; no float output changes.",
        ),
        "calibration": Key(_CALIBRATION, "Which ranges activations get."),
        "training": Key(_TRAINING, "How QAT goes."),
    },
)
