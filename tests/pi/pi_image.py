"""The emulated machine's disk, kernel and initial RAM disk: out of a prepared file, or built from Debian.

An image is a folder with `vmlinuz.gz`, `initrd.gz`, `rootfs.ext4` and, last, `manifest.json`.
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from pi_archive import Entry, pack
from pi_guest import FILES, INIT

SUITE = "bookworm"
DISK_BYTES = 6 << 30
# Beyond what Debian's smallest system has. `python3-venv` is there, as the image of Raspberry Pi OS has it.
PACKAGES = (
    "systemd-sysv,dbus,libpam-systemd,udev,kmod,openssh-server,sudo,python3,python3-venv,procps,iproute2"
)
# Loaded by the initial RAM disk, in this order; what they need comes before them.
MODULES = (
    "virtio_mmio",
    "virtio_blk",
    "virtio_net",
    "crc32c_generic",
    "ext4",
    "virtio-rng",
    "cpufreq-dt",
    "cpufreq_ondemand",
    "bcm2711_thermal",
)
# What building takes, by the Debian package that has it.
PROGRAMS = {"debootstrap": "debootstrap", "mke2fs": "e2fsprogs", "dpkg-deb": "dpkg", "depmod": "kmod"}
_FOLDERS = ("bin", "modules", "dev")
_BLOCK_BYTES = 1 << 16
_PARTS = ("vmlinuz.gz", "initrd.gz", "manifest.json", "rootfs.ext4.xz")


class ImageError(Exception):
    """The image cannot be made here."""


def find_image(cache: Path, prepared: Path | None) -> Path:
    """Return the image's folder below the cache; unpacks or builds it if it is not there.

    Raises:
        ImageError: neither is possible.
    """
    name = f"image-{prepared.stem}" if prepared else f"image-{SUITE}"
    folder = cache / name
    if (folder / "manifest.json").exists():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        made = Path(work) / "image"
        made.mkdir()
        if prepared:
            _unpack(prepared, made)
        else:
            _build(Path(work), made)
        made.rename(folder)
    return folder


def _unpack(prepared: Path, made: Path) -> None:
    with tarfile.open(prepared) as archive:
        for member in archive:
            name = Path(member.name).name
            if not member.isfile() or name not in _PARTS:
                continue
            source = archive.extractfile(member)
            assert source is not None
            if name.endswith(".xz"):
                with lzma.open(source) as packed:
                    _write_sparse(packed, made / "rootfs.ext4")
            else:
                (made / name).write_bytes(source.read())


def _write_sparse(source: lzma.LZMAFile, path: Path) -> None:
    empty = bytes(_BLOCK_BYTES)
    with open(path, "wb") as disk:
        while block := source.read(_BLOCK_BYTES):
            if block == empty[: len(block)]:
                disk.seek(len(block), os.SEEK_CUR)
            else:
                disk.write(block)
        disk.truncate(DISK_BYTES)


def _build(work: Path, made: Path) -> None:
    if os.geteuid() != 0:
        raise ImageError("building the image takes root; or name a prepared one in BENCH_PI_IMAGE")
    missing = [
        program for program in ("debootstrap", "mke2fs", "dpkg-deb", "depmod") if not _program(program)
    ]
    if missing:
        raise ImageError(f"building the image takes {', '.join(missing)}, not installed")
    root = work / "root"
    mirror = os.environ.get("BENCH_PI_MIRROR") or _own_mirror()
    fetch = ["debootstrap", "--arch=arm64", "--foreign", "--variant=minbase", f"--include={PACKAGES}"]
    _run([*fetch, SUITE, str(root), mirror], timeout=900)
    modules, initrd = _kernel(work, root, made, mirror)
    (made / "initrd.gz").write_bytes(initrd)
    for name, (text, permissions) in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(permissions)
    disk = made / "rootfs.ext4"
    _run(["mke2fs", "-q", "-t", "ext4", "-d", str(root), "-m", "0", str(disk), f"{DISK_BYTES >> 20}M"])
    _install(made, work)
    (made / "manifest.json").write_text(json.dumps({"suite": SUITE, "modules": modules}))


def _own_mirror() -> str:
    """Return where this machine's own apt gets Debian's main packages from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    mirrors = [line.split()[0] for line in told.splitlines() if line.endswith(" main")]
    if not mirrors:
        raise ImageError("apt-get names no mirror of Debian's packages; name one in BENCH_PI_MIRROR")
    return mirrors[0]


def _kernel(work: Path, root: Path, made: Path, mirror: str) -> tuple[str, bytes]:
    """Fetch Debian's kernel, put the modules in use on the disk, and return its version and the RAM disk."""
    packages = _download(work, mirror)
    unpacked = work / "kernel"
    for package in packages:
        _run(["dpkg-deb", "-x", str(package), str(unpacked)])
    source = next((unpacked / "lib/modules").iterdir())
    _run(["depmod", "-b", str(unpacked), source.name])
    kernel = next((unpacked / "boot").glob("vmlinuz-*")).read_bytes()
    is_packed = kernel[:2] == b"\x1f\x8b"
    (made / "vmlinuz.gz").write_bytes(kernel if is_packed else gzip.compress(kernel, 6, mtime=0))
    order = _load_order((source / "modules.dep").read_text())
    for name in order:
        copied = root / "usr/lib/modules" / source.name / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, copied)
    entries = [Entry(folder) for folder in _FOLDERS]
    entries += [Entry("bin/busybox", (unpacked / "bin/busybox").read_bytes()), Entry("init", INIT.encode())]
    entries += [Entry("modules.order", "\n".join(Path(name).name for name in order).encode(), 0o644)]
    entries += [Entry(f"modules/{Path(name).name}", (source / name).read_bytes(), 0o644) for name in order]
    return source.name, pack(entries)


def _download(work: Path, mirror: str) -> list[Path]:
    """Download the kernel and busybox for arm64 with an apt of our own, which changes nothing here."""
    state = work / "apt"
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True)
    signed = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (state / "sources.list").write_text(f"deb [signed-by={signed}] {mirror} {SUITE} main\n")
    settings = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",
        "Dir::State::lists": str(state / "lists"),
        "Dir::State::status": "/dev/null",
        "Dir::Cache": str(state / "cache"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::sourcelist": str(state / "sources.list"),
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    _run(["apt-get", *options, "update"], timeout=300)
    shown = _run(["apt-cache", *options, "show", "--no-all-versions", "linux-image-arm64"])
    found = re.search(r"^Depends: (linux-image-\S+)", shown, re.MULTILINE)
    if found is None:
        raise ImageError("Debian's package linux-image-arm64 names no kernel")
    _run(["apt-get", *options, "download", found.group(1), "busybox-static"], timeout=300, cwd=work)
    return sorted(work.glob("*.deb"))


def _load_order(dependencies: str) -> list[str]:
    needs = {}
    for line in dependencies.splitlines():
        name, _, rest = line.partition(":")
        needs[name] = rest.split()
    by_name = {re.sub(r"\.ko.*", "", Path(name).name).replace("-", "_"): name for name in needs}
    order: list[str] = []
    for module in MODULES:
        # A module that this kernel has built in is in no list.
        if name := by_name.get(module.replace("-", "_")):
            order += [need for need in (*reversed(needs[name]), name) if need not in order]
    return order


def _install(made: Path, work: Path) -> None:
    """Let Debian configure its packages inside the machine (10 to 20 minutes); then it powers off."""
    console = work / "console.log"
    command = [
        "qemu-system-aarch64",
        "-M",
        "virt,gic-version=2",
        "-cpu",
        "cortex-a72",
        "-smp",
        "4",
        "-m",
        "2048",
    ]
    command += ["-accel", "tcg,thread=multi", "-nodefaults", "-display", "none", "-no-reboot"]
    command += ["-kernel", str(made / "vmlinuz.gz"), "-initrd", str(made / "initrd.gz")]
    command += ["-append", "console=ttyAMA0 quiet panic=-1 second=/second-stage"]
    command += ["-drive", f"if=none,id=d,file={made / 'rootfs.ext4'},format=raw,cache=unsafe"]
    command += ["-device", "virtio-blk-device,drive=d", "-serial", f"file:{console}"]
    command += ["-netdev", "user,id=n,restrict=on", "-device", "virtio-net-device,netdev=n"]
    _run(command, timeout=3600)
    listing = _run(["debugfs", "-R", "stat /installed", str(made / "rootfs.ext4")])
    if "Inode:" not in listing:
        raise ImageError(f"Debian could not be installed: {console.read_text(errors='replace')[-3000:]}")


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _run(command: list[str], timeout: float = 300, cwd: Path | None = None) -> str:
    command = [_program(command[0]) or command[0], *command[1:]]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, cwd=cwd, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise ImageError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
