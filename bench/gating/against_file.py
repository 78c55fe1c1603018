"""`against.json` of a run folder: what the run was judged against, and which of it was measured again.

Written before the first pair and when the answer is known; the pairs themselves stand in the journals.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from bench.core.verdict import Verdict
from bench.errors import BenchError, StoreError
from bench.gating.staging import Budget, Key
from bench.store.disk import dump_line, write_atomically
from bench.wire.codec import from_json, to_json

# Format history of against.json.
# 1: first.
AGAINST_SCHEMA = 1

AGAINST_NAME = "against.json"


@dataclass(frozen=True)
class TwinNote:
    """The older file of a case.

    Attributes:
        artifact: its sha256.
        recipe_key: hash of everything that made it; empty for a given file.
        source: where it comes from, in words.
    """

    artifact: str
    recipe_key: str = ""
    source: str = ""


@dataclass(frozen=True)
class Against:
    """What a run was judged against.

    Attributes:
        given: as the user named it; `name` as a person knows it, `commit` of that state if it is known.
        twins: case id -> its older file; `missing`: case id -> why there is none.
        suspects: cases and metrics that are decided by pairs.
        budget: when pairs are looked at.
        troubles: case id -> why it has fewer pairs than it was to have.
        verdicts: what was decided, once it was.
    """

    given: str
    name: str
    schema: int = AGAINST_SCHEMA
    commit: str = ""
    twins: dict[str, TwinNote] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    suspects: tuple[Key, ...] = ()
    budget: Budget = Budget()
    troubles: dict[str, str] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()


def write_against(run: Path, against: Against) -> None:
    """Replace the file of a run folder.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    plain = json.loads(dump_line(to_json(against)))
    write_atomically(run / AGAINST_NAME, json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


def read_against(run: Path) -> Against | None:
    """Read the file of a run folder; None where the run was judged against nothing.

    Raises:
        StoreError: it is broken, or a later version wrote it.
    """
    path = run / AGAINST_NAME
    try:
        value = json.loads(path.read_bytes())
        version = value["schema"]
        if version > AGAINST_SCHEMA:
            raise StoreError(
                f"{path}: schema {version} is later than this program's {AGAINST_SCHEMA}; install the "
                "version that wrote it, or a later one"
            )
        return from_json(Against, value, str(path))
    except FileNotFoundError:
        return None
    except StoreError:
        raise
    except (OSError, ValueError, KeyError, TypeError, BenchError) as problem:
        raise StoreError(
            f"{path}: cannot be read ({problem}); delete it and run `bench run --resume --against` again"
        ) from problem
