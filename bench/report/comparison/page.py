"""A page of verdicts: what came out, what did not pass and why, then every metric with its changes drawn."""

from __future__ import annotations

from collections.abc import Sequence

from bench.core.metric import METRICS
from bench.core.verdict import Verdict
from bench.report.comparison.model import Compared, Comparison, keys_of_case
from bench.report.comparison.strips import STYLE
from bench.report.comparison.table import goals_table, metric_table
from bench.report.comparison.words import READING, advice, headline, is_good
from bench.report.html.elements import bullets, element, facts, heading, keyed, paragraph, text
from bench.report.html.frame import page
from bench.report.texts import printable
from bench.report.verdicts import METRIC_NAMES, change_words, explain, in_order, metric_words, summary, word

# More lines than this are a table, which follows.
MOST_TOLD = 30


def render_comparison(comparison: Comparison) -> str:
    """Return the page."""
    told = [verdict for verdict in in_order(comparison.verdicts) if verdict.answer != "pass"]
    judged = [verdict for verdict in comparison.verdicts if not verdict.goal]
    metrics = dict.fromkeys(verdict.metric for verdict in judged)
    parts = [
        f"<header>\n{heading(1, f'{comparison.suite}: what changed')}"
        f"{paragraph(f'{comparison.after.name} against {comparison.before.name}', 'soft')}</header>\n",
        _answer(comparison.verdicts),
        _told(told),
        goals_table([verdict for verdict in comparison.verdicts if verdict.goal]),
        *(_metric(metric, [one for one in judged if one.metric == metric]) for metric in metrics),
        _sides(comparison),
        heading(2, "How to read this", "reading") + bullets(READING),
    ]
    return page(f"{comparison.suite}: {headline(comparison.verdicts)}", "".join(parts), (STYLE,))


def _answer(verdicts: Sequence[Verdict]) -> str:
    kind = "answer" if is_good(verdicts) or not verdicts else "answer stopped"
    body = (
        f"{heading(2, headline(verdicts), 'answers')}{paragraph(_capital(summary(verdicts)) + '.', 'cost')}"
        f"{bullets(advice(verdicts))}"
    )
    return element("article", f"\n{body}", class_=kind) + "\n"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _told(told: Sequence[Verdict]) -> str:
    """Return what did not pass, a sentence each, the worst first."""
    if not told:
        return ""
    groups = _alike(told)
    items = "".join(map(_told_group, groups[:MOST_TOLD]))
    left = sum(map(len, groups[MOST_TOLD:]))
    more = paragraph(f"{left} more stand in the tables below.", "note") if left > 0 else ""
    return f"<section>\n{heading(2, 'What did not pass', 'told')}<ul>\n{items}</ul>\n{more}</section>\n"


def _alike(told: Sequence[Verdict]) -> list[list[Verdict]]:
    """Gather verdicts without figures that say the same of many cases; all others stay alone."""
    groups: dict[object, list[Verdict]] = {}
    for place, verdict in enumerate(told):
        is_bare = verdict.change is None and not verdict.goal
        key = (verdict.answer, explain(verdict)) if is_bare else place
        groups.setdefault(key, []).append(verdict)
    return list(groups.values())


def _told_group(group: Sequence[Verdict]) -> str:
    if len(group) == 1:
        return _told_one(group[0])
    first = group[0]
    cases = list(dict.fromkeys(printable(verdict.case) for verdict in group))
    metrics = ", ".join(dict.fromkeys(map(metric_words, group)))
    whom = cases[0] if len(cases) == 1 else f"{len(cases)} cases"
    keys = keys_of_case(cases[0]) if len(cases) == 1 else None
    return (
        f"<li{keyed(keys)}><strong>{text(_capital(word(first.answer)))}</strong>: "
        f"{text(f'{whom}, {metrics}')}. <em>{text(_capital(explain(first)))}</em></li>\n"
    )


def _told_one(verdict: Verdict) -> str:
    what = f"{metric_words(verdict)}{change_words(verdict)}"
    return (
        f"<li{keyed(keys_of_case(printable(verdict.case)))}>"
        f"<strong>{text(_capital(word(verdict.answer)))}</strong>: "
        f"{text(verdict.case)}, {text(what)}. <em>{text(_capital(explain(verdict)))}</em></li>\n"
    )


def _metric(metric: str, verdicts: Sequence[Verdict]) -> str:
    """Return one metric: its table, folded where all of it passed and was exact."""
    unit_words = METRICS[metric][2] if metric in METRICS else ""
    better = f"{METRICS[metric][1]} is better" if metric in METRICS else ""
    told = "; ".join(filter(None, (unit_words, better, summary(verdicts))))
    name = METRIC_NAMES.get(metric, metric)
    body = metric_table(name, verdicts)
    return f"<section>\n{heading(2, name)}{paragraph(_capital(told) + '.', 'note')}{body}</section>\n"


def _sides(comparison: Comparison) -> str:
    sides = "".join(
        f"<div>{heading(3, title)}{facts(_facts(side))}</div>\n"
        for title, side in (("Before", comparison.before), ("After", comparison.after))
    )
    return f'<section>\n{heading(2, "The two sides", "sides")}<div class="sides">\n{sides}</div></section>\n'


def _facts(side: Compared) -> list[tuple[str, str]]:
    return [("Name", side.name), *side.facts]
