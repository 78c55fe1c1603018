"""Reading a page's sentences: its visible text outside the figures that are traced to a record already."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tracing import VOID

# Drawings are traced by their points; neither the script nor the style is read by people.
UNREAD = {"script", "style", "svg"}
BLOCKS = {"p", "li", "dt", "dd", "td", "th", "caption", "figcaption", "summary", "title", "pre", "label"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


@dataclass(frozen=True)
class Sentence:
    """One block of text: where it stands, and what it says.

    Attributes:
        case, host: of the keyed elements around it; empty outside of any.
        part: the heading, or the title of the folded part, that it stands under.
        section: the title that it stands under: a model group on a host, of answers and sections.
        term: of a cell, the head of its column; of a list's value, its name.
    """

    text: str
    tag: str
    case: str
    host: str
    part: str
    term: str
    section: str


@dataclass
class SentenceReader(HTMLParser):
    """Collects blocks of text without what stands in traced elements and in the details beside them."""

    sentences: list[Sentence] = field(default_factory=list)
    stack: list[tuple[str, str, str, bool]] = field(default_factory=list)
    words: str = ""
    part: str = ""
    term: str = ""
    section: str = ""
    is_eyebrow: bool = False
    columns: list[str] = field(default_factory=list)
    cell: int = -1
    is_beside: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; a block ends the text before it."""
        if tag in VOID:
            return
        values = {name: value or "" for name, value in attrs}
        _, case, host, hidden = self.stack[-1] if self.stack else ("", "", "", False)
        if tag in BLOCKS or tag in HEADINGS:
            self.flush()
        self._place(tag)
        self.is_eyebrow = values.get("class") == "eyebrow"
        # What stands beside a traced figure is its interval, and traced with it.
        is_detail = values.get("class") == "detail" and self.is_beside
        hidden = hidden or is_detail or tag in UNREAD or "data-record" in values
        self.is_beside = hidden
        # A detail stands apart from what it is a detail of.
        self.words += " " if values.get("class") in ("detail", "mark") else ""
        self.stack.append((tag, values.get("data-case", case), values.get("data-host", host), hidden))

    def _place(self, tag: str) -> None:
        """Count columns: a cell stands below the last head of its place."""
        if tag == "table":
            self.columns = []
        if tag == "tr":
            self.cell = -1
        if tag in ("td", "th"):
            self.cell += 1
        if tag == "td":
            self.term = self.columns[self.cell] if self.cell < len(self.columns) else ""

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element without content."""

    def handle_data(self, data: str) -> None:
        """Gather what is read."""
        if self.stack and not self.stack[-1][3]:
            self.words += data
            self.is_beside = self.is_beside and not data.strip()

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag in BLOCKS or tag in HEADINGS:
            self.flush(tag)
        self.stack.pop()

    def flush(self, tag: str = "") -> None:
        """End a block."""
        text = re.sub(r"\s+", " ", self.words).strip()
        self.words = ""
        if tag == "th":
            self.columns.append(text)
        if not text or not self.stack:
            return
        _, case, host, _ = self.stack[-1]
        if tag in ("h2", "h3", "summary"):
            self.part = text
        if tag == "h2" or (tag == "p" and self.is_eyebrow):
            self.section = text
        if tag == "dt":
            self.term = text
        told = self.term if tag in ("dd", "td") else ""
        place = (tag or self.stack[-1][0], case, host, self.part, told, self.section)
        self.sentences.append(Sentence(text, *place))


def read_sentences(page: str) -> list[Sentence]:
    """Return the blocks of text of a page, in their order."""
    reader = SentenceReader()
    reader.feed(page)
    return reader.sentences
