# %% [markdown]
# Results of `bench run` in a notebook. Each `# %%` begins a cell: open this file as a notebook in Jupyter
# (with jupytext), VS Code or PyCharm, or run it as it is. Figures are in base units: ns, bytes, AP of 0 to 1.

# %% Where the results are: a run, or all runs of a suite.
import sys
from pathlib import Path

import numpy

import bench

results = Path(sys.argv[1] if len(sys.argv) > 1 else "results/quickstart")
pictures = Path(sys.argv[2] if len(sys.argv) > 2 else ".")

# %% One row a case; of all runs the newest.
frame = bench.load_results(results)
newest = frame[(frame["run"] == frame["run"].max()) & (frame["status"] == "ok")]
table = newest.assign(
    ms=newest["latency_p50_ns"] / 1e6, points=newest["map_50_95"] * 100, kib=newest["size_bytes"] / 1024
)
print(table[["host", "runtime", "precision", "points", "ms", "kib"]].round(2).to_string(index=False))

# %% What each precision costs beside its fp32: difference of mAP, paired over images, ratio of latencies.
columns = ["map_50_95_difference", "map_50_95_difference_low", "map_50_95_difference_high", "latency_ratio"]
variants = newest[newest["sibling"] != ""]
print(variants.set_index(["host", "runtime", "precision"])[columns].round(4).to_string())

# %% All of a record: what ran, and why a figure is missing.
for record in bench.read_records(results)[:3]:
    ran = record.proof.get("runtime_version", "unknown")
    missing = [f"{metric.name}: {metric.note}" for metric in record.metrics if metric.value is None]
    print(record.case, f"{record.runtime} {ran}", *missing, sep="\n  ")

# %% Every raw sample: one row a round, each a process of its own, with an array of all its calls.
rounds = bench.load_rounds(results)
valid = rounds[rounds["valid"]]
medians = valid.assign(p50_ns=[numpy.median(calls) for calls in valid["inference_ns"]])
print(medians.groupby("case")["p50_ns"].describe().round().to_string())

# %% Which one to ship under demands.
choice = bench.choose(results, where="latency_p50 <= 50 ms and size <= 5 MB", best="map_50_95")
if choice.best is not None:
    metric = choice.best.metric("map_50_95")
    print(f"best: {choice.best.case}, mAP {metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]")
    print("ties with it:", ", ".join(tie.case for tie in choice.ties) or "none")
for miss in choice.misses:
    print(f"{miss.case}: {miss.constraint.text} is {miss.standing}, has {miss.value}")

# %% Better or worse than an earlier run? Two runs of the suite; here the newest with itself.
run = newest["run_folder"].iloc[0]
verdicts = bench.compare_results(run, run)
print(verdicts["answer"].value_counts().to_string())
print(verdicts[["case", "metric", "answer", "change", "words"]].head().to_string(index=False))

# %% The report's charts, as matplotlib figures.
for (place, key), figure in bench.draw_charts(results, theme="dark").items():
    figure.savefig(pictures / f"{key}.png", dpi=150)
    print(f"{key}.png: {place}")
