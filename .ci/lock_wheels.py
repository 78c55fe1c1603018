"""Write the wheel locks of devices: bench/hosts/provision/wheels/python<version>.txt.

    python .ci/lock_wheels.py [--keep FOLDER]

Downloads every wheel of a device's private environment, for each Python and machine that devices may have, by
the pip that runs this, and notes its hash. Versions are those of .ci/constraints.txt; run it after that file
changed. A version without a wheel for one of them ends it with pip's own words: pin the nearest version that
has one in EXCEPTIONS, with the reason.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "bench" / "hosts" / "provision" / "wheels"
PYTHONS = ("3.11", "3.12", "3.13")
MACHINES = ("aarch64", "x86_64")
# What is installed on a device, and what pip would require beside it.
PACKAGES = (
    *("numpy", "pillow", "psutil"),
    *(
        "ai-edge-litert",
        "backports.strenum",
        "flatbuffers",
        "ml_dtypes",
        "protobuf",
        "tqdm",
        "typing_extensions",
    ),
    *("onnxruntime", "packaging"),
)
# Not among the constraints: the version that was tried on devices.
PIP = "26.3"
# (package, Python) -> version, where the constraint has no wheel for that Python; none at present.
EXCEPTIONS: dict[tuple[str, str], str] = {}
# Wheels of these tags run on Debian 12 (glibc 2.36) and everything since glibc 2.28.
TAGS = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")

HEADER = """\
# Wheels of a device's private environment: Python {python}, Linux with glibc on {machines}.
# Written by .ci/lock_wheels.py; do not edit. Each package is followed by its hashes, above it stand the files
# that they are of, in the same order: machine, bytes, file name.
"""


def main() -> None:
    """Write all locks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder for the wheels (default: they are removed again)")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as scratch:
        for python in PYTHONS:
            text = lock(python, keep or Path(scratch))
            (LOCKS / f"python{python}.txt").write_text(text, encoding="utf-8")
            print(f"{python}: {text.count('--hash=')} wheels")


def lock(python: str, folder: Path) -> str:
    """Return the lock of one Python."""
    found = {machine: fetch(python, machine, folder / f"{python}-{machine}") for machine in MACHINES}
    parts = [HEADER.format(python=python, machines=" and ".join(MACHINES))]
    for name, version in versions(python).items():
        files = {machine: found[machine][normal(name)] for machine in MACHINES}
        parts.append(entry(name, version, files))
    return "\n".join(parts)


def versions(python: str) -> dict[str, str]:
    """Return the version of every package, in the order of the lock."""
    lines = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").split()
    pinned = {normal(line.partition("==")[0]): line.partition("==")[2] for line in lines}
    chosen = {name: EXCEPTIONS.get((name, python), pinned[normal(name)]) for name in PACKAGES}
    return {**chosen, "pip": PIP}


def fetch(python: str, machine: str, folder: Path) -> dict[str, Path]:
    """Download the wheels for one Python and machine; returns them by normal name."""
    tags = [word for tag in TAGS for word in ("--platform", f"{tag}_{machine}")]
    wanted = [f"{name}=={version}" for name, version in versions(python).items()]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    target = ["--implementation", "cp", "--python-version", python, *tags, "--dest", str(folder)]
    subprocess.run([*command, *target, *wanted], check=True)
    return {normal(path.name.partition("-")[0]): path for path in folder.glob("*.whl")}


def entry(name: str, version: str, files: dict[str, Path]) -> str:
    """Return a package's lines."""
    names = {path.name for path in files.values()}
    rows = {"any": next(iter(files.values()))} if len(names) == 1 else files
    comments = [f"# {machine} {path.stat().st_size} {path.name}" for machine, path in rows.items()]
    hashes = [f"    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in rows.values()]
    return "\n".join([*comments, " \\\n".join([f"{name}=={version}", *hashes])]) + "\n"


def normal(name: str) -> str:
    """Return a package's name in the one spelling of PEP 503, with underscores."""
    return name.lower().replace("-", "_").replace(".", "_")


if __name__ == "__main__":
    main()
