"""Commands, their options and their help texts; no command's code is imported here."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import bench
from bench.cli import host_parser
from bench.cli.data_parser import add_actions
from bench.cli.gate_parser import (
    add_baseline_actions,
    add_history_options,
    add_noise_options,
    add_output_options,
    add_root_option,
)
from bench.cli.report_parser import add_report_options
from bench.cli.run_parser import add_overrides, add_run_options, count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DESCRIPTION = "Measure what a precision costs: COCO mAP, latency, memory and size of object detectors."

EPILOG = """exit codes:
  0 good   1 regressed   2 wrong use or suite   3 something could not be measured   4 not comparable
  5 inconclusive   130 interrupted

example:
  bench run suites/quickstart.yaml
"""


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="bench",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"bench {bench.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_inspect(commands)
    _add_plan(commands)
    _add_run(commands)
    _add_report(commands)
    _add_choose(commands)
    _add_compare(commands)
    _add_gate(commands)
    _add_baseline(commands)
    _add_noise(commands)
    _add_history(commands)
    _add_diagnose(commands)
    _add_data(commands)
    _add_host(commands)
    _add_schema(commands)
    _add_train(commands)
    return parser


def _command(commands: Commands, name: str, help_: str, example: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_,
        description=help_[0].upper() + help_[1:] + ".",
        epilog=f"example:\n  {example}\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(module=f"{name}_command")
    return command


def _add_inspect(commands: Commands) -> None:
    command = _command(
        commands, "inspect", "say what a model file is, and how a suite describes it",
        "bench inspect model.tflite",
    )  # fmt: skip
    command.add_argument(
        "file", type=Path, metavar="FILE", help=".tflite, .onnx, .keras, .h5, or a SavedModel's folder"
    )
    command.add_argument("--tensors", action="store_true", help="list every tensor with its type and scales")
    command.add_argument("--json", action="store_true", help="print everything that was found as JSON")


def _add_plan(commands: Commands) -> None:
    command = _command(
        commands, "plan", "show the cases of a suite, what is cached and how long it will take",
        "bench plan suites/quickstart.yaml",
    )  # fmt: skip
    add_overrides(command)
    command.add_argument("--json", action="store_true", help="print the plan as JSON")


def _add_run(commands: Commands) -> None:
    command = _command(
        commands, "run", "build and measure the cases of a suite, and write the report",
        "bench run suites/quickstart.yaml --host pi5 --only precision=int8",
    )  # fmt: skip
    add_overrides(command)
    add_run_options(command)


def _add_report(commands: Commands) -> None:
    command = _command(
        commands, "report", "render the report of measured results again, without measuring",
        "bench report results/quickstart",
    )  # fmt: skip
    add_report_options(command)


def _add_choose(commands: Commands) -> None:
    command = _command(
        commands, "choose", "say which variant is best under demands, and what misses by how much",
        'bench choose results/quickstart --where "latency_p95 <= 50 ms and size <= 5 MB" --best map_50_95',
    )  # fmt: skip
    command.add_argument("results", type=Path, metavar="RESULTS", help="run folder, or one above")
    command.add_argument(
        "--where",
        default="",
        metavar="DEMANDS",
        help="joined by `and`: metrics with units, host, runtime, precision, model, threads",
    )
    command.add_argument(
        "--best", default="map_50_95", metavar="METRIC", help="what is best by its own direction (map_50_95)"
    )
    command.add_argument("--json", action="store_true", help="print the answer as JSON")


def _add_compare(commands: Commands) -> None:
    command = _command(
        commands, "compare", "judge new results against old ones, under the suite's tolerances",
        "bench compare results/quickstart/20261101-101500-ab12cd results/quickstart",
    )  # fmt: skip
    command.add_argument("before", type=Path, metavar="A", help="run folder, or one above: its newest run")
    command.add_argument("after", type=Path, metavar="B", help="likewise; the side that is judged")
    add_output_options(command)


def _add_gate(commands: Commands) -> None:
    command = _command(
        commands, "gate", "judge results against a stored baseline; for a CI job to stop on",
        "bench gate results/quickstart --baseline main",
    )  # fmt: skip
    command.add_argument("results", type=Path, metavar="RESULTS", help="run folder, or one above")
    command.add_argument(
        "--baseline", metavar="NAME|FILE", help="a baseline's name or file, or a run folder (main)"
    )
    command.add_argument(
        "--goals-only", action="store_true", help="judge the suite's goals, and no regression"
    )
    add_root_option(command)
    add_output_options(command)


def _add_baseline(commands: Commands) -> None:
    command = _command(
        commands, "baseline", "keep figures that later results are judged against",
        "bench baseline set results/quickstart --name main",
    )  # fmt: skip
    add_baseline_actions(command)


def _add_history(commands: Commands) -> None:
    command = _command(
        commands, "history", "tell how metrics went over all runs of a suite, and which commits changed them",
        "bench history quickstart --metric latency_p50",
    )  # fmt: skip
    add_history_options(command)


def _add_noise(commands: Commands) -> None:
    command = _command(
        commands, "noise", "say what equal runs differ by on a machine, and which tolerances are finer",
        "bench noise results/quickstart",
    )  # fmt: skip
    add_noise_options(command)


def _add_diagnose(commands: Commands) -> None:
    command = _command(
        commands, "diagnose", "say why an accuracy is lower than it should be, and what mends it",
        "bench diagnose suite.yaml --model yolov8n",
    )  # fmt: skip
    command.add_argument("suite", type=Path, metavar="SUITE", help="suite file (YAML)")
    command.add_argument("--case", default="", metavar="ID", help="one case, as `bench plan` lists them")
    command.add_argument("--model", default="", metavar="NAME", help="one model; all in turn unless given")
    command.add_argument(
        "--images",
        type=count,
        default=40,
        metavar="N",
        help="first sample, doubled where it is not enough (40)",
    )
    command.add_argument("--json", action="store_true", help="print everything that was found as JSON")
    command.add_argument("--quiet", action="store_true", help="no progress lines")


def _add_data(commands: Commands) -> None:
    command = _command(
        commands, "data", "convert annotations to COCO JSON, or fetch public data sets",
        "bench data get coco-val2017 --output data/coco",
    )  # fmt: skip
    add_actions(command)


def _add_host(commands: Commands) -> None:
    command = _command(
        commands, "host", "check, set up, clean or stop the machines that suites name",
        "bench host check pi5",
    )  # fmt: skip
    host_parser.add_actions(command)


def _add_schema(commands: Commands) -> None:
    command = _command(
        commands,
        "schema",
        "print the JSON Schema of suites, of hosts files or of records",
        "bench schema suite > suite.schema.json",
    )
    command.add_argument("kind", nargs="?", choices=["suite", "hosts", "record"], default="suite")


def _add_train(commands: Commands) -> None:
    command = _command(
        commands,
        "train",
        "train the built-in detector again on rendered scenes",
        "bench train --output my-detector",
    )
    command.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="where weights and card go"
    )
    command.add_argument("--steps", type=count, metavar="N", help="optimiser steps (default: as shipped)")
    command.add_argument("--images", type=count, metavar="N", help="training scenes (default: as shipped)")
    command.add_argument("--seed", type=int, metavar="N", help="of scenes, first weights, order (as shipped)")
