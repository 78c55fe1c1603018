"""Whether this machine's processor is played by another one, so that its times say nothing of the real one.

Virtual machines whose instructions run on the processor itself are not meant: they are told by `is_virtual`.
"""

from __future__ import annotations

import platform
from pathlib import Path

from bench.agent.probes.files import read_text

# Where QEMU's `virt` board shows itself, whatever model name its device tree claims.
_DEVICE_TREE = Path("/proc/device-tree")
_VENDOR = "/sys/class/dmi/id/sys_vendor"
# The processor that QEMU plays on x86 unless told otherwise, and the name of the default before it.
_PLAYED_PROCESSORS = ("QEMU TCG CPU", "QEMU Virtual CPU")


def find_emulator(cpu_name: str | None) -> str | None:
    """Return the name of the emulator that plays this machine, or None where none is seen.

    An ARM machine of QEMU counts as emulated, though on an ARM host it might not be: nothing there tells the
    two apart. QEMU's `raspi` boards show nothing of QEMU, and are not seen.
    """
    if any(name in (cpu_name or "") for name in _PLAYED_PROCESSORS):
        return "qemu"
    is_arm = platform.machine().startswith(("aarch64", "arm"))
    if is_arm and (_has_qemu_node() or read_text(_VENDOR) == "QEMU"):
        return "qemu"
    return None


def _has_qemu_node() -> bool:
    texts = (read_text(str(path)) or "" for path in _DEVICE_TREE.glob("fw-cfg@*/compatible"))
    return any("qemu" in text for text in texts)
