"""The weights that come with the package, and the card that says how they were made."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.errors import ModelError

if TYPE_CHECKING:
    import keras

_FOLDER = Path(__file__).parent / "weights"


def weights_path() -> Path:
    """Return the shipped weights, a `.keras` file without optimizer state.

    Raises:
        ModelError: If the file is missing from the installation.
    """
    return _existing(_FOLDER / "detector.keras")


def read_card() -> dict[str, Any]:
    """Return the facts of the shipped weights: settings, versions, hashes and the measured accuracy."""
    card: dict[str, Any] = json.loads(_existing(_FOLDER / "card.json").read_text())
    return card


def load_builtin() -> "keras.Model":
    """Load the built-in detector: (b, 160, 160, 3) float32 in -1..1 -> [scores, boxes], see `DESCRIPTION`."""
    import keras

    return keras.saving.load_model(weights_path(), compile=False, safe_mode=True)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ModelError(f"{path}: not found, expected the built-in detector's file; reinstall the package")
    return path
