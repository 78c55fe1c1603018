"""How long the details of a case take, its journal read, and how large they are on the page; printed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "report"))
from fake_records import many_records

from bench.cli.case_details import details_of
from bench.report.detail.html import render_details
from bench.store.names import case_folder_name

pytestmark = pytest.mark.performance

# The default of a run: rounds, and calls of either loop in each.
ROUNDS, CALLS = 10, 200
STAGES = ("decode_ns", "preprocess_ns", "invoke_ns", "postprocess_ns", "total_ns")


def write_journal(run: Path, case: str) -> None:
    """Write the timed rounds of a case, as large as real ones."""
    calls = list(range(1_000_000, 1_000_000 + CALLS))
    result = {"inference_ns": calls, "end_to_end": dict.fromkeys(STAGES, calls)}
    lines = [
        {"kind": "latency", "status": "ok", "valid": True, "started": f"{number:02}", "result": result}
        for number in range(ROUNDS)
    ]
    folder = run / "cases" / case_folder_name(case)
    folder.mkdir(parents=True)
    (folder / "rounds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_details_cost_below_15_ms_and_20_kb_a_case(tmp_path: Path) -> None:
    records = many_records(60)
    for record in records:
        write_journal(tmp_path, record.case)
    begin = time.process_time()
    details = details_of(records, tmp_path, {})
    made = time.process_time()
    page = render_details(details)
    taken = 1e3 * (time.process_time() - begin) / len(records)
    print(
        f"\ndetails of {len(details)} cases: {taken:.1f} ms of processor time a case, of which reading and "
        f"making {1e3 * (made - begin) / len(records):.1f} ms; {len(page) / 1e3 / len(details):.1f} kB a case"
    )
    assert taken < 15 and len(page) < 12_000 * len(details)
