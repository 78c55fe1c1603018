"""Suppression that a suite says lies in the graph, held against the operators that the file has."""

from __future__ import annotations

from bench.core.record import Advice, Record

# Parts of the names of operators that suppress boxes or may, and operators that hold further graphs.
_MAY_SUPPRESS = ("nonmax", "non_max", "nms", "postprocess", "custom")
_HOLD_GRAPHS = frozenset({"loop", "while", "if", "scan", "call", "call_once"})


def unsuppressed(record: Record, sibling: Record | None) -> Advice | None:
    """Say that nothing in a file suppresses boxes, though the suite leaves it to the graph.

    Of families whose outputs are raw by custom only: an end-to-end model may need no suppression at all.
    """
    # Reports are read without numpy until a graph is said to suppress boxes.
    if not record.nms_in_graph:
        return None
    from bench.detectors.families.base import FAMILIES, load_family

    family = str((record.description or {}).get("decode", {}).get("family", ""))
    ops = [str(name).lower() for name in record.artifact.get("ops", {})]
    if not ops or family not in FAMILIES:
        return None
    if load_family(family).preset(64, 64, "").suppression.in_graph:
        return None
    if _HOLD_GRAPHS.intersection(ops) or any(part in name for name in ops for part in _MAY_SUPPRESS):
        return None
    return Advice(
        "nms_missing",
        "the suite says that NMS is in the graph, and no operator of the file suppresses boxes",
        "remove in_graph from detector.nms: every object is found many times over, which costs AP",
    )
