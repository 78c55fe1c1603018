"""What to ship, at the head of the page: a card for each model group on each host."""

from __future__ import annotations

from collections.abc import Sequence

from bench.report.html.elements import bullets, heading, keyed, paragraph, text, traced
from bench.report.model import Answer, Figure, Section
from bench.report.table import Keys


def answers(sections: Sequence[Section]) -> str:
    """Return the answers of all sections; a rule that all share is said once, below them."""
    if not sections:
        return ""
    rules = {section.answer.rule for section in sections}
    shared = paragraph(rules.pop(), "rule") if len(rules) == 1 else ""
    cards = "".join(_card(section, with_rule=not shared) for section in sections)
    many = " several" if len(sections) > 1 else ""
    head = heading(2, "What to ship", "answers")
    return f'<section>\n{head}<div class="answers{many}">\n{cards}</div>\n{shared}</section>\n'


def _card(section: Section, with_rule: bool) -> str:
    answer = section.answer
    rule = paragraph(answer.rule, "rule") if with_rule else ""
    return (
        f'<article class="answer"{keyed(Keys(host=section.host))}>\n'
        f"{paragraph(section.title, 'eyebrow')}{heading(3, answer.headline)}"
        f"{paragraph(answer.cost, 'cost')}{_figures(answer)}{bullets(answer.details)}{rule}</article>\n"
    )


def _figures(answer: Answer) -> str:
    tiles = "".join(map(_tile, answer.figures))
    return f'<dl class="figures">\n{tiles}</dl>\n' if tiles else ""


def _tile(figure: Figure) -> str:
    about = traced(figure.cell) if figure.cell else ""
    detail = f' <span class="detail">{text(figure.detail)}</span>' if figure.detail else ""
    return f"<div><dt>{text(figure.name)}</dt><dd{about}>{text(figure.value)}{detail}</dd></div>\n"
