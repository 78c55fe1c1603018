"""Names of the files by which the controller and a building process know each other."""

from __future__ import annotations

REQUESTS_NAME = "requests.json"
LOG_NAME = "stderr.txt"
