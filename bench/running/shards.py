"""Finished shards of detections: fetched from the host into the case's folder and journalled, each once."""

from __future__ import annotations

from typing import Any

from bench.core.suite import Case
from bench.running.schedule import stored_shards
from bench.running.scoring import is_readable
from bench.running.sitting import Sitting


def keep_shard(sitting: Sitting, case: Case, job_id: str, event: dict[str, Any]) -> None:
    """Fetch a shard that a job reports and journal it; one that is kept already is left as it is.

    Raises:
        HostError: it cannot be fetched.
    """
    if any((line.get("job"), line.get("shard")) == (job_id, event["file"]) for line in _kept(sitting, case)):
        return
    folder = sitting.run.case_folder(case.id)
    name = sitting.run.new_shard_name(case.id, sitting.board)
    sitting.host.fetch(job_id, event["file"], folder / name)
    kept = {"file": name, "image_ids": event["image_ids"], "job": job_id, "shard": event["file"]}
    sitting.journal(case, {"kind": "accuracy", "status": "ok", **kept})


def give_up_lost_shards(sitting: Sitting, case: Case) -> None:
    """Journal stored shards that can no longer be read as lost, so that their images are run again."""
    for line in _kept(sitting, case):
        if not is_readable(sitting.run.case_folder(case.id) / line["file"]):
            sitting.journal(case, {**line, "kind": "accuracy_lost"})


def _kept(sitting: Sitting, case: Case) -> list[dict[str, Any]]:
    return stored_shards(sitting.lines(case))
