"""Names of processors that say only a part number of themselves."""

from __future__ import annotations

# ARM kernels name a processor by its part number only (Linux, arch/arm64/include/asm/cputype.h).
ARM_PARTS = {
    "0xd03": "Cortex-A53",
    "0xd04": "Cortex-A35",
    "0xd05": "Cortex-A55",
    "0xd08": "Cortex-A72",
    "0xd0b": "Cortex-A76",
}


def part_name(told: str) -> str:
    """Return the name of a processor as people know it; what is told where that is no known part number."""
    return ARM_PARTS.get(told.lower(), told)
