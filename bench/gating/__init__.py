"""The gate: compares two sides of results under declared rules and answers what may be said of each metric.

Pure but for `sides` and `baselines`, which read and write files. Measuring again is left to `running`, texts
and exit codes to `cli`.
"""
