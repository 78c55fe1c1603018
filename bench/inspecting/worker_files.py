"""Names of the files by which the caller and the inspecting process know each other."""

from __future__ import annotations

REQUEST_NAME = "request.json"
REPORT_NAME = "report.json"
TRIAL_NAME = "trial.json"
ERROR_NAME = "error.json"
LOG_NAME = "stderr.txt"
