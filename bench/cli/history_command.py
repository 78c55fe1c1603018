"""`bench history`: what each metric did over all stored runs of a suite, and at which commits it stepped."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cli import EXIT_GOOD
from bench.errors import SuiteError, UsageError

if TYPE_CHECKING:
    from bench.core.trend import Trend


def run(options: argparse.Namespace) -> int:
    """Tell the history; steps change no exit code, since they are nobody's pull request."""
    from bench.gating.history import make_trends
    from bench.report.figures_json import figures_json
    from bench.report.history import history_text
    from bench.store.names import suite_folder_name
    from bench.store.records import read_records

    suite = _suite_name(options.suite)
    folder = options.results / suite_folder_name(suite)
    records = read_records(folder)
    metrics = _metrics(options.metric, folder)
    accepted = tuple(options.accept)
    trends = [trend for metric in metrics for trend in make_trends(records, metric, accepted)]
    if options.output:
        _write(suite, trends, options.output)
    if options.json:
        print(figures_json({"suite": suite, "trends": trends}))
    else:
        print(history_text(trends) or "no run has a figure of these metrics that may be decided on")
    return EXIT_GOOD


def _suite_name(given: str) -> str:
    """Return the name of a suite that is given by its name or by its file."""
    from bench.suite.nodes import read_nodes
    from bench.suite.yaml_text import read_text

    path = Path(given)
    if path.suffix not in (".yaml", ".yml"):
        return given
    name = read_nodes(read_text(path), str(path), lambda *_: None).fields.get("name")
    if name is None or not isinstance(name.value, str):
        raise SuiteError(f"{path}:1 name: missing, expected the suite's name")
    return name.value


def _metrics(asked: Sequence[str], folder: Path) -> list[str]:
    """Return the metrics that were asked for by their own names; else those of the newest run's gate."""
    from bench.gating.rules import make_rules
    from bench.store.folder import find_runs, read_run_info
    from bench.suite.gate import metric_names
    from bench.suite.spelling import advise

    names = metric_names()
    for metric in asked:
        if metric not in names:
            raise UsageError(f"--metric {metric}: unknown metric{advise(metric, list(names))}")
    if asked:
        return list(dict.fromkeys(names[metric] for metric in asked))
    rules = make_rules(read_run_info(find_runs(folder)[-1]).get("gate", {}))
    return list(dict.fromkeys(rule.metric for rule in rules))


def _write(suite: str, trends: Sequence[Trend], folder: Path) -> None:
    """Write the page, the same as Markdown with a picture a metric, and all figures."""
    from bench.report.figures_json import figures_json
    from bench.report.history import history_markdown
    from bench.report.history_drawing import draw_history
    from bench.report.trends.page import render_history

    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, str] = {}
    for metric in dict.fromkeys(trend.metric for trend in trends):
        pictures[metric] = f"history-{metric}.png"
        draw_history([trend for trend in trends if trend.metric == metric], folder / pictures[metric])
    (folder / "history.md").write_text(history_markdown(suite, trends, pictures), encoding="utf-8")
    (folder / "history.html").write_text(render_history(suite, trends), encoding="utf-8")
    figures = figures_json({"suite": suite, "trends": trends})
    (folder / "history.json").write_text(figures + "\n", encoding="utf-8")
