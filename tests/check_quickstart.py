"""Looks at what the quickstart left: `python tests/check_quickstart.py results/quickstart`."""

from __future__ import annotations

import sys
from pathlib import Path

import bench

TWELVE = (
    "map_50_95", "map_50", "map_75", "map_small", "map_medium", "map_large",
    "mar_1", "mar_10", "mar_100", "mar_small", "mar_medium", "mar_large",
)  # fmt: skip


def main(folder: Path) -> None:
    """Fail unless ten cases were measured in full and a report lies beside them."""
    run = sorted(path for path in folder.iterdir() if path.is_dir())[-1]
    frame = bench.load_results(run)
    columns = ["map_50_95", "map_50_95_difference", "latency_p50_ns", "peak_rss_bytes", "size_bytes"]
    print(frame[["precision", "runtime", "status", *columns]].to_string())
    assert len(frame) == 10 and (frame["status"] == "ok").all(), "expected ten measured cases"
    assert (
        frame[[*TWELVE, "latency_p50_ns", "end_to_end_p50_ns", "peak_rss_bytes", "size_bytes"]]
        .notna()
        .all(axis=None)
    )
    assert frame["map_50_95"].between(0.55, 0.80).all(), (
        "expected every precision to keep the detector's accuracy"
    )
    assert frame["decision_grade"].all(), "nothing was overridden, so figures are for decisions"
    differs = frame["precision"] != "fp32"
    assert (
        frame.loc[differs, ["map_50_95_difference_low", "map_50_95_difference_high"]].notna().all(axis=None)
    )
    for name in ("report.html", "report.md", "records.csv"):
        assert (run / name).stat().st_size > 1000, f"expected {name} beside the records"
    print(f"ten cases measured: {run}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
