"""Names of the files by which the controller and a building process know each other."""

from __future__ import annotations

REQUESTS_NAME = "requests.json"
LOG_NAME = "stderr.txt"

# Folder for files on the way; the controller removes it, however the process ended.
SCRATCH_NAME = "scratch"
