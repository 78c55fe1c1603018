"""Float Keras models, loaded from a copy so that nothing ever writes to a user's file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bench.building.hashing import sha256_of
from bench.errors import ModelError


def load_keras(path: Path, scratch: Path) -> Any:
    """Load a `.keras` file in Keras' safe mode, without its optimizer.

    Raises:
        ModelError: the file is missing, of another format, damaged, or needs code that is not Keras' own.
    """
    if path.suffix.lower() != ".keras":
        raise ModelError(f"{path}: expected a .keras file; load the model in Keras 3 and save it as .keras")
    before = sha256_of(path)
    copy = scratch / f"{before[:16]}.keras"
    shutil.copyfile(path, copy)
    model = _load(copy, path)
    _require_unchanged(path, before)
    return model


def _load(copy: Path, path: Path) -> Any:
    import keras

    try:
        return keras.saving.load_model(copy, compile=False, safe_mode=True)
    except Exception as problem:
        # Keras raises ValueError, TypeError, KeyError, OSError and zipfile errors for a wrong file.
        lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
        raise ModelError(
            f"{path}: Keras cannot load the model ({' '.join(lines[:2])[:300]}); it must be a complete "
            ".keras file of Keras' own layers, without Lambda layers or custom classes"
        ) from problem


def _require_unchanged(path: Path, before: str) -> None:
    if sha256_of(path) != before:
        raise ModelError(f"{path}: the file changed while it was read; let its writer finish and run again")
