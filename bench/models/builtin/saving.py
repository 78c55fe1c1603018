"""Write a trained detector as a compact `.keras` file beside a card of facts about it."""

import hashlib
import importlib.metadata
import json
import platform
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

WEIGHTS_FILE = "detector.keras"
CARD_FILE = "card.json"

# Version history: 1 first release.
CARD_VERSION = 1


def save_with_card(model: keras.Model, folder: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Write `detector.keras` and `card.json` into `folder` and return the card.

    Args:
        model: The trained detector; no optimizer state is kept.
        folder: Made if missing; files of these names are replaced.
        facts: How the weights were made and what was measured; goes into the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS_FILE
    save_compactly(model, weights)
    card = {
        "version": CARD_VERSION,
        "weights": weights.name,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "weights_bytes": weights.stat().st_size,
        "num_parameters": model.count_params(),
        **facts,
        "versions": {"python": platform.python_version()}
        | {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")},
    }
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def save_compactly(model: keras.Model, path: Path) -> None:
    """Save a model as Keras does, but compress the archive: a third of a small network's file is padding."""
    with tempfile.TemporaryDirectory() as scratch:
        loose = Path(scratch) / path.name
        model.save(loose, include_optimizer=False)
        with zipfile.ZipFile(loose) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
            for entry in source.infolist():
                target.writestr(entry.filename, source.read(entry), compresslevel=9)
