"""The evaluation data that a suite declared, without the rest of it: its model files may be long gone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.core.suite import CocoData, Overrides, RenderedData
from bench.suite.data_format import DATA, build_data
from bench.suite.nodes import Node, read_nodes
from bench.suite.overrides import limited
from bench.suite.reading import Reading
from bench.suite.yaml_text import read_text


def load_evaluated(path: Path, folders: Sequence[Path], overrides: Overrides) -> RenderedData | CocoData:
    """Read the data that a suite's accuracy is measured on, as large as the command line made it.

    Calibration images are left out; nothing else of the suite is checked.

    Args:
        folders: where relative paths begin: the first in which there is something of that name.

    Raises:
        SuiteError: the data are wrong or not there any more; a line each.
    """
    reading = Reading(str(path), tuple(folder.absolute() for folder in folders), os.environ)
    reading.root = read_nodes(read_text(path), str(path), reading.complain)
    declared = reading.root.fields.get("data")
    values = None
    if declared is not None:
        values = DATA.read(_without_calibration(declared), ("data",), reading)
    reading.raise_complaints()
    return limited(build_data(values), overrides)


def _without_calibration(node: Node) -> Node:
    if not node.fields:
        return node
    return replace(node, value={key: item for key, item in node.fields.items() if key != "calibration"})
