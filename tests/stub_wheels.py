"""Hand-made wheels that are called like the packages of a device and can only be imported."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

# package -> (module file, content)
MODULES = {
    "numpy": ("numpy/__init__.py", "x = 1\n"),
    "pillow": ("PIL/Image.py", "x = 1\n"),
    "psutil": ("psutil/__init__.py", "x = 1\n"),
    "ai-edge-litert": ("ai_edge_litert/interpreter.py", "class Interpreter: pass\n"),
    "onnxruntime": ("onnxruntime/__init__.py", "x = 1\n"),
}
VERSION = "1.0"


def file_name(package: str) -> str:
    """Return the file name of a package's wheel."""
    return f"{package.replace('-', '_')}-{VERSION}-py3-none-any.whl"


def make_wheels(folder: Path, **contents: str) -> dict[str, Path]:
    """Write a wheel of each package; returns them by package.

    Args:
        contents: by package, with `_` for `-`, what the module holds instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {
        package: make_wheel(folder, package, name, contents.get(package.replace("-", "_"), text))
        for package, (name, text) in MODULES.items()
    }


def make_wheel(folder: Path, package: str, name: str, text: str) -> Path:
    """Write one wheel with one file in it."""
    path = folder / file_name(package)
    info = f"{package.replace('-', '_')}-{VERSION}.dist-info"
    files = {
        name: text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/top_level.txt": name.partition("/")[0] + "\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{one},,\n" for one in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for one, content in files.items():
            archive.writestr(one, content)
    return path


def sha256(path: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
