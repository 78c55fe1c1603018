"""Every digit of a page's sentences, held against the records: worked out without any code of the report's.

Each function takes a sentence while it is checked and explains the digits that it knows; digits that none
explains are faults.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from claims_beside import across, answer, comparison, speed, training
from claims_of_cases import classes, fed, is_field, machine, shares
from reading import FIXED, NAME, N, Reading, words_of
from record_book import POINTS, Book, names_of
from saying import Sentence, read_sentences

from bench.core.record import Record

MS = 1e6

# A class that found less than this has little to lose: only of others is it said that they lost it.
LIVING = 0.1


def find_faults(page: str, records: Sequence[Record]) -> list[str]:
    """Return every digit of a page's sentences that is not the records'."""
    book = Book(records)
    return [fault for sentence in read_sentences(page) for fault in check(sentence, book)]


def check(sentence: Sentence, book: Book) -> list[str]:
    """Return what is wrong in one sentence."""
    if not re.search(r"\d", sentence.text):
        return []
    reading = Reading(sentence.text)
    here = book.under(sentence.section)
    if is_field(sentence, here):
        return []
    for claims in CLAIMS:
        claims(reading, sentence, here)
    told = here.of(sentence)
    names = {name for record in told for name in names_of(record)}
    reading.knows([*FIXED, *words_of(told), *names])
    return reading.unexplained()


def summary(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain the line below the title: counts of cases, rounds, images."""
    if not re.match(r"\d+ cases?: ", sentence.text):
        return
    counts = Counter(record.status for record in book.records)
    measured = [record for record in book.records if record.status == "ok"]
    reading.says(rf"^{N} cases?", len(book.records))
    reading.says(rf"{N} measured", counts["ok"])
    words = {"failed": "failed", "unavailable": "not available", "invalid": "without valid rounds"}
    for status, said in words.items():
        reading.says(rf"{N} {said}", counts[status])
    rounds = [record.rounds_valid for record in measured]
    if rounds:
        reading.says(rf"{N} to {N} rounds a case", min(rounds), max(rounds))
        reading.says(rf"{N} rounds? a case", *({*rounds} if len({*rounds}) == 1 else [None]))
    images = {metric.count for record in measured if (metric := record.metric("map_50_95"))}
    reading.says(rf"mAP over {N} images", *(images if len(images) == 1 else [None]))


def headline(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how few rounds stand behind a choice, and how many cases failed alike."""
    chosen = re.search(rf": ship {NAME}$", sentence.text)
    record = book.named(chosen[1], sentence.host) if chosen else None
    if record:
        reading.says(rf"^Not for decisions, {N} rounds?: ", record.rounds_valid)
    alike = re.search(r" on (\w+): all \d+ cases$", sentence.text)
    if alike and sentence.part == "Cases without figures":
        reading.says(rf"all {N} cases", sum(r.status != "ok" for r in book.on(alike[1])))


def others(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Hold a list that counts the cases it does not name against the cases there are.

    Which cases tie is the analysis's to say and not a field; only more than were measured is wrong here.
    """
    for listed in re.finditer(rf"({NAME}(?:, {NAME})*) and (\d+) more", sentence.text):
        is_broken = sentence.part == "Cases without figures"
        here = [record for record in book.of(sentence) if (record.status != "ok") == is_broken]
        count = int(listed.groups()[-1])
        named = len(re.findall(NAME, listed[1]))
        reading.says(rf"and {N} more", count if named + count <= len(here) else None, within=listed.span())


def remark(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain what to look at: of every case that the remark names, or under which it stands."""
    subjects = re.match(rf"(?:All cases|{NAME}(?:, {NAME})*)(?=: | and \d+ more: )", sentence.text)
    records = [r for r in book.of(sentence) if r.status == "ok"]
    if not sentence.case:
        if not subjects or sentence.part != "What to look at":
            return
        names = re.findall(NAME, subjects[0])
        named = [book.named(name, sentence.host) for name in names]
        records = [record for record in named if record] if names else records
    elif sentence.tag != "li":
        return
    before = reading.left
    for record in records:
        copy = Reading(sentence.text, before)
        speed(copy, record)
        copy.says(rf"{N} (?:rounds were|round was) invalid", record.rounds_invalid)
        for cause, count in record.invalid_reasons.items():
            copy.says(rf"{re.escape(cause)} {N} times", count)
        _accuracy_remarks(copy, record)
        _lost_classes(copy, record, book.by_case(record.sibling))
        reading.left, reading.faults = copy.left, [*reading.faults, *copy.faults]


def _accuracy_remarks(reading: Reading, record: Record) -> None:
    accuracy, change = (record.metric(name) for name in ("map_50_95", "map_50_95_difference"))
    reading.says(rf"AP is {N}", accuracy.value if accuracy else None)
    reading.says(rf"AP fell by {N}", -change.value if change and change.value is not None else None)
    reading.says(rf"mAP of {N} images only", accuracy.count if accuracy else None)
    least = 5 if record.rounds_valid < 5 else 8
    reading.says(rf"{N} valid rounds?\b.* Take {N} rounds or more", record.rounds_valid, least)
    proof = record.proof
    reading.says(rf"{N} of {N} convolutions", proof.get("num_fused"), proof.get("num_fusable"))
    reading.says(rf"{N} conversions are left", proof.get("num_quantize_ops"))
    reading.says(rf"and {N} was published", (record.expected or {}).get("map_50_95"))


def _lost_classes(reading: Reading, record: Record, sibling: Record | None) -> None:
    """Explain how many classes lost nine tenths of an AP that was 0.1 or more, beyond the five named."""
    base = sibling.per_class if sibling else {}
    found = [
        name
        for name, value in record.per_class.items()
        if value is not None and (base.get(name) or 0.0) >= LIVING and value < 0.1 * (base[name] or 0.0)
    ]
    reading.says(rf"nine tenths of their AP or more: .* and {N} more", len(found) - 5)


def boards(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain in how many cases boards differ more than processes, and the largest share of one."""
    told = [r for r in book.of(sentence) if r.boards.get("contributions")]
    largest = [max(r.boards["contributions"], key=r.boards["contributions"].get) for r in told]
    for level, words in {"board": "boards", "process": "processes", "call": "calls"}.items():
        pattern = rf"in {N} of {N} cases most of the uncertainty lies between {words}"
        reading.says(pattern, largest.count(level), len(told))
        if sentence.case and told and sentence.tag == "td":
            reading.says(rf"^{words}, {N}%", told[0].boards["contributions"][level] * 100)


def published(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain measured beside published accuracy."""
    named = re.match(rf"{NAME}: ", sentence.text)
    record = book.named(named[1], sentence.host) if named else None
    if record and record.expected:
        told = [record.value("map_50_95"), record.expected["map_50_95"]]
        points = [None if value is None else value * POINTS for value in told]
        reading.says(rf"{N} points measured, {N} published", *points)
    images = {m.count for r in book.of(sentence) if (m := r.metric("map_50_95"))}
    reading.says(rf"Measured on {N} images", *(images if len(images) == 1 else [None]))
    if sentence.part.startswith("Published accuracy"):
        values = {(r.expected or {}).get("map_50_95") for r in book.records if r.model == sentence.term}
        reading.says(rf"map_50_95 {N}", *(values if len(values) == 1 else [None]))


def endurance(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how a long run went."""
    named = re.match(rf"{NAME}: (?:gets|keeps)", sentence.text)
    record = book.named(named[1], sentence.host) if named else None
    if not record or not record.sustained:
        return
    burst, steady = ((record.value(f"latency_{name}_p50_ns") or 0.0) / MS for name in ("burst", "steady"))
    reading.says(rf"gets {N}× slower", record.value("latency_steady_ratio"))
    reading.says(rf"{N} ms in the first \w+, {N} ms in the last", burst, steady)
    reading.says(rf"{N} °C at the most", record.value("peak_temperature_c"))
    share = record.value("throttled_share")
    reading.says(rf"at {N}% of the looks", None if share is None else share * 100)
    since = [run["first_throttled_s"] for run in record.sustained if run["first_throttled_s"] is not None]
    reading.says(rf"first after {N} min", min(since) / 60 if since else None)
    reading.says(rf"over {N} min", max(run["seconds"] for run in record.sustained) / 60)


def parity(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain how far a host finds the same boxes."""
    of_host = re.search(r"of the boxes on (\w+) are those on", sentence.text)
    compared = [r.parity for r in book.records if r.parity and "share_equal" in r.parity]
    if of_host:
        here = [told for told in compared if told in [r.parity for r in book.on(of_host[1])]]
        for key, words in (("share_matched", r" of the boxes on"), ("share_equal", r" to the last bit")):
            low, high = (100 * pick((told[key] for told in here), default=-1.0) for pick in (min, max))
            reading.says(rf"{N}% to {N}%{words}", low, high)
            reading.says(rf"{N}%{words}", low if low == high else None)
    alike = re.search(r"boxes on (\w+) as on \w+\.$", sentence.text)
    if alike:
        known = [r for r in book.on(alike[1]) if r.parity and r.parity.get("share_equal") == 1.0]
        reading.says(rf"^Parity: all {N} cases find exactly the same", len(known))
    if compared:
        least, within = compared[0]["same_box"], compared[0]["same_score"]
        reading.says(rf"overlap of at least {N}, scores within {N}", least, within)
    if sentence.term.startswith("To look at") and sentence.case:
        images = book.of(sentence)[0].parity or {}
        reading.says(", ".join([N] * len(images["differing_images"])), *images["differing_images"])


def levels(reading: Reading, sentence: Sentence, book: Book) -> None:
    """Explain levels of intervals: those of the metrics that the sentence speaks of."""
    found = {m.level for r in book.of(sentence) for m in r.metrics if m.level}
    wide = max(found) * 100 if found else None
    reading.says(rf"^{N}% intervals(?:, or the lower level beside them,)? in brackets", wide)
    drops = {m.level for r in book.of(sentence) if (m := r.metric("map_50_95_difference")) and m.level}
    reading.says(rf"their whole {N}% interval", 100 * drops.pop() if len(drops) == 1 else None)


CLAIMS = (
    *(summary, headline, others, answer, comparison, training, across, remark, boards, published, endurance),
    *(machine, shares, classes, fed, parity, levels),
)
