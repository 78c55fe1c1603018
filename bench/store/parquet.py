"""Records as a Parquet file: the columns of `bench.load_results`, each with its unit and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.core.metric import METRICS
from bench.core.record import RECORD_SCHEMA
from bench.store.disk import guard
from bench.store.frame import frame_of
from bench.store.records import find_record_files

if TYPE_CHECKING:
    from pandas import DataFrame

PARQUET_NAME = "records.parquet"


def write_parquet(runs: Iterable[Path], path: Path) -> None:
    """Write the records of some runs into one Parquet file, a row a case.

    Every column has a type of its own, also where all its values are absent; absent figures are null. A
    metric's field says `unit`, `direction` and `meaning`; `_low` and `_high` say its unit.

    Args:
        runs: run folders, or records files; rows come in their order.

    Raises:
        StoreError: records cannot be read, or the file cannot be written.
    """
    import pyarrow
    from pyarrow import parquet

    frame = frame_of(file for run in runs for file in find_record_files(run))
    schema = pyarrow.schema(
        [_field(name, frame) for name in frame.columns], {"bench.record_schema": str(RECORD_SCHEMA)}
    )
    table = pyarrow.Table.from_pandas(frame, schema, preserve_index=False)
    with guard(path):
        parquet.write_table(table.replace_schema_metadata(schema.metadata), path, compression="zstd")


def _field(name: str, frame: DataFrame) -> Any:
    import pyarrow

    kinds = {"f": pyarrow.float64(), "i": pyarrow.int64(), "b": pyarrow.bool_()}
    return pyarrow.field(name, kinds.get(frame[name].dtype.kind, pyarrow.string()), metadata=_told(name))


def _told(name: str) -> dict[str, str]:
    metric = next((name.removesuffix(end) for end in ("_low", "_high") if name.endswith(end)), name)
    if metric not in METRICS:
        return {}
    unit, direction, meaning = METRICS[metric]
    return {"unit": unit} if metric != name else {"unit": unit, "direction": direction, "meaning": meaning}
