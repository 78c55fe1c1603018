"""The text of a YAML file, with errors that say what was expected in its place."""

from __future__ import annotations

from pathlib import Path

from bench.errors import SuiteError

# Far more than any suite; a data file given by mistake is refused before it is parsed.
MAX_BYTES = 1_000_000


def read_text(path: Path, noun: str = "suite") -> str:
    """Return the text of a file that is about to be read as YAML.

    Args:
        noun: what the file is expected to be, for errors.

    Raises:
        SuiteError: it is absent, a folder, far too large, or no text.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SuiteError(f"{path}: larger than {MAX_BYTES} bytes, expected a {noun} in YAML")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as problem:
        found = _beside(path, noun)
        raise SuiteError(f"{path}: there is no such file, expected a {noun} in YAML; {found}") from problem
    except IsADirectoryError as problem:
        file = f"{noun.removesuffix(' file')} file"
        raise SuiteError(f"{path}: is a folder, expected a {file} in it") from problem
    except UnicodeDecodeError as problem:
        place = f"byte {problem.start}"
        raise SuiteError(f"{path}: not text in UTF-8 ({place}), expected a {noun} in YAML") from problem
    except OSError as problem:
        cause = problem.strerror
        raise SuiteError(f"{path}: cannot be read ({cause}), expected a {noun} in YAML") from problem


def _beside(path: Path, noun: str) -> str:
    folder = path.parent if path.parent.is_dir() else Path()
    names = sorted(str(item) for item in folder.glob("*.y*ml"))
    if not names:
        return f"no {noun} lies in {folder}"
    return f"{'suites' if noun == 'suite' else 'YAML files'} in {folder}: {', '.join(names)}"
