"""In what condition a board is now: reach, clock, supply, heat, governor, other work. Pure."""

from __future__ import annotations

from bench.hosts.provision.findings import Finding, Observed

# Certificates and the times of files bear a minute.
_LARGEST_SKEW_SECONDS = 60.0
# The firmware of a Raspberry Pi slows its cores from here on.
_THROTTLING_C = 80.0
# Other work that takes more than this share of one core shows in timings.
_BUSY_LOAD = 0.5
# What a Pi 5 asks of its supply.
_SUPPLY_MILLIAMPS = 5000
# Raspberry Pi documentation, "vcgencmd get_throttled": bit n is now, bit n + 16 since boot.
_BITS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
_MEMORY_SHIFT = 16
_CAUSES = {
    0: "use the board's own supply and a short cable, and take USB devices off",
    1: "look after supply and cooling",
    2: "give it a heat sink or a fan",
    3: "give it a heat sink or a fan",
}


def look_at_connection(seen: Observed) -> list[Finding]:
    """Tell how quickly the board answers."""
    return [Finding("connection", f"{seen.round_trip_seconds * 1000:.0f} ms a round trip")]


def look_at_lease(seen: Observed) -> list[Finding]:
    """Look for somebody who measures there now."""
    if not seen.holder:
        return [Finding("in use", "by nobody")]
    cure = f"wait for it (--wait 30m), or stop it: bench host stop {seen.settings.name}"
    return [Finding("in use", seen.holder, "problem", cure)]


def look_at_clock(seen: Observed) -> list[Finding]:
    """Compare the wall clock with this machine's."""
    skew = seen.skew_seconds
    if abs(skew) <= _LARGEST_SKEW_SECONDS:
        return [Finding("clock", f"{skew:+.1f} s against this machine")]
    cure = (
        "pip refuses certificates and files get wrong times; latencies are not affected. "
        "On the board: sudo timedatectl set-ntp true"
    )
    return [Finding("clock", f"{skew:+.0f} s against this machine", "advice", cure)]


def look_at_supply(seen: Observed) -> list[Finding]:
    """Look for a supply that is too weak."""
    milliamps = seen.facts.get("supply_milliamps")
    if not milliamps:
        return []
    if milliamps < _SUPPLY_MILLIAMPS and "Raspberry Pi 5" in (seen.facts.get("board") or ""):
        cure = "a Pi 5 asks for 5 A and may sag under load: use its 27 W supply"
        return [Finding("supply", f"{milliamps} mA", "advice", cure)]
    return [Finding("supply", f"{milliamps} mA")]


def look_at_throttling(seen: Observed) -> list[Finding]:
    """Read the firmware's bits."""
    bits = seen.facts.get("throttled")
    if bits is None:
        return _no_throttling(seen)
    now = [bit for bit in _BITS if bits >> bit & 1]
    before = [bit for bit in _BITS if bits >> (bit + _MEMORY_SHIFT) & 1 and bit not in now]
    found = []
    if now:
        cure = f"rounds measured like this are invalid: {_cures(now)}"
        found.append(Finding("throttling now", _named(now), "problem", cure))
    if before:
        found.append(Finding("throttling since boot", _named(before), "advice", _cures(before)))
    return found or [Finding("throttling", "none since boot")]


def _no_throttling(seen: Observed) -> list[Finding]:
    if "Raspberry Pi" not in (seen.facts.get("board") or ""):
        return []
    cure = "install vcgencmd (package raspi-utils or libraspberrypi-bin): without it throttling is not seen"
    if seen.facts.get("has_firmware"):
        cure = "vcgencmd may not ask the firmware: sudo usermod -aG video YOUR-USER, and log in again"
    return [Finding("throttling", "not told", "advice", cure)]


def look_at_temperature(seen: Observed) -> list[Finding]:
    """Compare the temperature with the target and with where cores are slowed."""
    degrees, target = seen.facts.get("temperature_c"), seen.settings.target_temperature_c
    if degrees is None:
        return []
    shown = f"{degrees:.0f} C"
    if degrees >= _THROTTLING_C:
        cure = f"a Pi slows from {_THROTTLING_C:.0f} C on: rounds will be invalid; give it a fan"
        return [Finding("temperature", shown, "problem", cure)]
    if degrees > target:
        return [
            Finding(
                "temperature", shown, "advice", f"it is let cool to {target:g} C where rounds are repeated"
            )
        ]
    return [Finding("temperature", shown)]


def look_at_governor(seen: Observed) -> list[Finding]:
    """Look for a governor that follows the load."""
    governor = seen.facts.get("governor")
    if not governor:
        return []
    if governor == "performance":
        return [Finding("governor", governor)]
    cure = "clocks follow the load, which spreads short calls; --set-governor performance sets it for a run"
    return [Finding("governor", governor, "advice", cure)]


def look_at_load(seen: Observed) -> list[Finding]:
    """Look for other work."""
    load = seen.facts["load"]
    if load <= _BUSY_LOAD:
        return [Finding("load", f"{load:.2f}")]
    return [
        Finding("load", f"{load:.2f}", "advice", "other programs take processor time: end them for the run")
    ]


def _named(bits: list[int]) -> str:
    return ", ".join(_BITS[bit] for bit in bits)


def _cures(bits: list[int]) -> str:
    return "; ".join(dict.fromkeys(_CAUSES[bit] for bit in bits))
