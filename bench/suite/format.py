"""The suite's file format: every key, what may stand there and what it means.

This is the one description of the format; reading, error texts and the JSON Schema all follow from it. What
the values add up to (models, recipes, cases) is left to the other modules of this room.
"""

from __future__ import annotations

from bench.suite.containers import ByKind, Key, ListOf, MapOf, Table
from bench.suite.data_format import DATA
from bench.suite.detector_format import DETECTOR
from bench.suite.files import ExistingPath
from bench.suite.forms import Anything, Boolean, Choice, Integer, Name, Number, Quantity, Text
from bench.suite.quantities import BYTES, SECONDS
from bench.suite.recipe_format import ACTIVATIONS, PRECISION, RECIPE

RUNTIMES = ("litert", "onnxruntime")
RUNTIME = Choice(RUNTIMES, {"tflite": "litert", "ort": "onnxruntime", "onnx": "onnxruntime"})

_DURATION = Quantity(SECONDS, "90s or 20m")
_NAMES = ListOf(Name, takes_one=True)

_EXPECTED = Table(
    "published accuracy",
    {
        "map_50_95": Key(Number(0, 1), "COCO AP at IoU .50:.95 as published, from 0 to 1.", True),
        "map_50": Key(Number(0, 1), "COCO AP at IoU .50 as published, from 0 to 1."),
        "data": Key(Text("the name of a data set", r"^.*\S.*$"), "Measured on: COCO val2017, say.", True),
        "source": Key(Text("where the figure stands", r"^.*\S.*$"), "Where the figure stands.", True),
    },
)
_MODEL = Table(
    "a model",
    {
        "name": Key(Name, "What cases call the model; the file's name without its suffix unless given."),
        "group": Key(
            Name, "Models of one group are one network; its fp32 member is what the others are compared with."
        ),
        "builtin": Key(Boolean(only=True), "The detector that comes with the project."),
        "keras": Key(
            ExistingPath("file", (".keras", ".h5")),
            "A functional Keras model of yours, quantized by the recipes.",
        ),
        "source": Key(
            ExistingPath("file", (".keras", ".h5", ".onnx", ".tflite"), "saved_model.pb"),
            "A float model of yours, quantized by the recipes: Keras, ONNX, TFLite, SavedModel folder.",
        ),
        "file": Key(ExistingPath("file", (".tflite", ".onnx")), "A model file of yours, measured as it is."),
        "tflite": Key(ExistingPath("file", (".tflite",)), "The same, for LiteRT."),
        "onnx": Key(ExistingPath("file", (".onnx",)), "The same, for ONNX Runtime."),
        "precision": Key(PRECISION, "Declared precision of a given file; verified against its tensors."),
        "detector": Key(DETECTOR, "How the model is fed and read."),
        "expected": Key(_EXPECTED, "Published accuracy, shown beside the measured one."),
    },
    exactly_one=(("builtin",), ("keras",), ("source",), ("file",), ("tflite",), ("onnx",)),
)
MODEL = ByKind({"text": Choice(("builtin",)), "mapping": _MODEL})

_THREADS = ListOf(Integer(1, 1024), takes_one=True)
_AXES = {
    "precision": Key(_NAMES, "Precisions, or recipes by name; fp32, fp16, dynamic, int8, qat unless given."),
    "runtime": Key(
        ListOf(RUNTIME, takes_one=True),
        "litert (or tflite), onnxruntime (or ort, onnx); litert unless given.",
    ),
    "threads": Key(_THREADS, "Threads that the runtime may use; 1 unless given."),
    "activations": Key(
        ListOf(ACTIVATIONS, takes_one=True),
        "Activation types of integer ONNX models; the recipe's own unless given.",
    ),
}
PARTIAL_CASE = Table(
    "cases",
    {
        "model": Key(_NAMES, "Models by name."),
        **_AXES,
        "host": Key(_NAMES, "Hosts by name."),
    },
)
_MATRIX = Table(
    "the combinations to measure",
    {
        **_AXES,
        "include": Key(
            ListOf(PARTIAL_CASE),
            "Further combinations; an axis that a row leaves out takes the matrix's values.",
        ),
        "exclude": Key(
            ListOf(PARTIAL_CASE), "Leaves out every combination of the matrix that fits one of the rows."
        ),
    },
)

_MEASURE = Table(
    "how measuring goes",
    {
        "rounds": Key(Integer(1), "Fresh processes a case; 10 unless given, 8 or more to decide on."),
        "warmup": Key(Integer(0), "Calls before the timed ones."),
        "warmup_time": Key(_DURATION, "Warm up at least that long."),
        "calls": Key(Integer(1), "Timed calls a round."),
        "min_calls": Key(Integer(1), "Timed calls that a slow model makes at least."),
        "budget": Key(_DURATION, "Time for all timed rounds of a host."),
        "images": Key(Integer(1), "Different photos that the timed loops rotate through."),
        "timeout": Key(_DURATION, "A job that runs longer is stopped and recorded as hung."),
        "memory_limit": Key(Quantity(BYTES, "2GiB"), "Memory that a job may take; 0 for no limit."),
        "seed": Key(Integer(0), "Of the order of rounds and of the bootstrap."),
        "resamples": Key(Integer(100), "Of every bootstrap."),
        "level": Key(Number(0.5, 1, is_open=True), "Confidence level of intervals; 0.95 unless given."),
        "sustained": Key(
            _DURATION,
            "Runs each case that long without a pause, once: latency, temperature, clock over time.",
        ),
        "energy": Key(
            _DURATION,
            "Samples power that long at rest and under load, where there is a meter; 5s unless given.",
        ),
    },
)

SUITE = Table(
    "a suite",
    {
        "name": Key(Name, "Names the results folder.", True),
        "description": Key(Text(), "What the suite is to find out; stands above the report."),
        "model": Key(MODEL, "The one model of the suite."),
        "models": Key(ListOf(MODEL), "The models of the suite."),
        "data": Key(DATA, "What accuracy is measured on; `rendered` unless given."),
        "recipes": Key(
            MapOf(Name, RECIPE, "a mapping of recipe names to options"), "Variants of precisions."
        ),
        "matrix": Key(_MATRIX, "The combinations to measure."),
        "hosts": Key(ListOf(Name, takes_one=True), "Machines to measure on; `local` unless given."),
        "measure": Key(_MEASURE, "How often and how long everything is measured."),
        "gate": Key(
            MapOf(Text("a metric"), Anything(), "a mapping of metrics to rules"),
            "By how much metrics may become worse, and `goals`: what they must reach in any case.",
        ),
    },
    exactly_one=(("model",), ("models",)),
)
