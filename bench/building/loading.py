"""Float models as users have them, opened from a copy so that nothing ever writes to a user's file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from bench.building.hashing import sha256_of
from bench.errors import ModelError

_KERAS_SUFFIXES = (".keras", ".h5")


def copy_source(path: Path, scratch: Path) -> Path:
    """Copy a model file, or the folder of a SavedModel, for converters that write into what they read.

    Raises:
        ModelError: it cannot be read.
    """
    before = sha256_of(path)
    copy = scratch / f"{before[:16]}{path.suffix.lower()}"
    try:
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copyfile(path, copy)
    except OSError as problem:
        raise ModelError(f"{path}: cannot be copied ({problem}); check its permissions") from problem
    require_unchanged(path, before)
    return copy


def require_unchanged(path: Path, before: str) -> None:
    """Raise if a user's file is not what it was.

    Raises:
        ModelError: its hash is another one.
    """
    if sha256_of(path) != before:
        raise ModelError(f"{path}: the file changed while it was read; let its writer finish and run again")


def load_keras(path: Path, scratch: Path) -> Any:
    """Load a `.keras` or `.h5` file in Keras' safe mode, without its optimizer.

    Raises:
        ModelError: the file is missing, of another format, damaged, or needs code that is not Keras' own.
    """
    if path.suffix.lower() not in _KERAS_SUFFIXES:
        raise ModelError(f"{path}: expected a .keras or .h5 file; save the model in one of these formats")
    return _load(copy_source(path, scratch), path)


def _load(copy: Path, path: Path) -> Any:
    import keras

    try:
        return keras.saving.load_model(copy, compile=False, safe_mode=True)
    except Exception as problem:
        # Keras raises ValueError, TypeError, KeyError, OSError and zipfile errors for a wrong file.
        lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
        raise ModelError(
            f"{path}: Keras cannot load the model ({' '.join(lines[:2])[:300]}); it must be a complete "
            f"{path.suffix} file of Keras' own layers, without Lambda layers or custom classes"
        ) from problem
