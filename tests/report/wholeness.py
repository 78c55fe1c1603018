"""What every form of the report must be, whatever stands in it: whole, without markup or figures not ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "wbr", "input", "hr"}


class Checker(HTMLParser):
    """Fails on what no page of ours may hold, and on elements that are not closed as they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.scripts = 0
        self.shown: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("iframe", "base", "object", "embed", "link", "form", "foreignobject"), tag
        self.scripts += tag == "script"
        for name, value in attrs:
            assert not name.startswith("on") and re.fullmatch(r"[a-z][a-z:\-]*[0-9]?", name.lower()), name
            if name in ("d", "x", "y", "cx", "cy", "r", "points", "transform", "viewbox", "width", "height"):
                assert not re.search("nan|inf", value or ""), (tag, name, value)
            if name in ("href", "src", "xlink:href"):
                assert value and value.startswith(("#", "data:image/")), value
            if (
                name != "aria-label"
                and not name.startswith("data-")
                and name not in ("title", "alt", "content")
            ):
                assert not re.search(r"\b(nan|inf|infinity)\b", value or "", re.IGNORECASE), (
                    tag,
                    name,
                    value,
                )
            if name in ("data-value", "data-low", "data-high"):
                assert abs(float(value or "nan")) < float("inf"), (tag, name, value)
            if name == "id":
                self.ids.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.shown.append(data)


def check_page(text: str) -> Checker:
    """Hold a page to the rules, and return what was read of it."""
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert not checker.open and checker.scripts == 1
    assert len(set(checker.ids)) == len(checker.ids), "ids are distinct"
    check_text(" ".join(checker.shown))
    return checker


def check_text(text: str, has_lines: bool = True) -> None:
    """Hold a text to letters that can be written and move no cursor, and to figures that are some."""
    text.encode("utf-8")
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs") and not (c == "\n" and has_lines)}
    assert not odd, [hex(ord(character)) for character in odd]
    assert not re.search(r"(?<![\w-])[+\u2212-]?(nan|inf)\b(?! *[=(])", text), (
        "a figure that is none is shown"
    )


def cells_of(lines: Sequence[str]) -> Iterator[list[int]]:
    """Return of each Markdown table how many cells its lines have."""
    counts: list[int] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            counts.append(len(re.findall(r"(?<!\\)\|", line)))
        elif counts:
            yield counts
            counts = []


def check_markdown(text: str) -> None:
    """Hold Markdown to whole tables and no markup that is not ours."""
    check_text(text)
    text = re.sub("^<!-- bench gate: [^<>]* -->$", "", text, count=1, flags=re.MULTILINE)
    assert all(len(set(counts)) == 1 for counts in cells_of(text.splitlines()))
    assert not re.search(r"(?<!\\)<(?!/?(details|summary)>)", text)
    assert not re.search(r"(?<!\\)\]\((javascript|http)", text)
    # A part that a reader opens is Markdown only between blank lines, and its name is no Markdown at all.
    for number, line in enumerate(lines := ["", *text.splitlines(), ""]):
        if line == "</details>" or re.fullmatch("<details><summary>.*</summary>", line):
            assert lines[number - 1] == lines[number + 1] == "", line
            assert not re.search(r"[\\`*_\[\]|~]", line), line
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")
