"""Which hosts are meant: names and tags to settings, from the hosts file or the user's SSH configuration."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.core.host import HostSettings, is_destination
from bench.errors import UsageError
from bench.suite.hosts_file import BUILT_IN, DeclaredHosts, find_hosts
from bench.suite.ssh_config import is_configured

_TAG = "tag:"


def resolve_hosts(
    names: Sequence[str],
    file: Path | None = None,
    suite: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[HostSettings]:
    """Return the hosts that names and tags (`tag:arm`) mean, each once, in their order.

    Args:
        file: the hosts file; found as `find_hosts` says unless given.

    Raises:
        SuiteError: the hosts file says something that cannot be meant.
        UsageError: nobody knows a name; the message offers the nearest.
    """
    declared = find_hosts(file, suite, environ)
    return choose_hosts(names, declared, lambda name: is_configured(name, environ))


def choose_hosts(
    names: Sequence[str], declared: DeclaredHosts, knows: Callable[[str], bool] = is_configured
) -> list[HostSettings]:
    """Do the same among hosts that were read.

    Args:
        knows: whether the user's SSH configuration says anything of a name.
    """
    chosen: dict[str, HostSettings] = {}
    for name in names:
        for settings in _meant(name, declared, knows):
            chosen[settings.name] = settings
    return list(chosen.values())


def _meant(name: str, declared: DeclaredHosts, knows: Callable[[str], bool]) -> list[HostSettings]:
    if name.startswith(_TAG):
        return _tagged(name.removeprefix(_TAG), declared)
    if name in declared.hosts:
        return [declared.hosts[name]]
    if name in BUILT_IN:
        return [HostSettings(name)]
    return [_from_ssh(name, declared, knows)]


def _tagged(tag: str, declared: DeclaredHosts) -> list[HostSettings]:
    found = [settings for settings in declared.hosts.values() if tag in settings.tags]
    if not found:
        tags = sorted({tag for settings in declared.hosts.values() for tag in settings.tags})
        known = f"Known tags: {', '.join(tags)}" if tags else "No host has a tag"
        raise UsageError(f"no host has the tag {tag!r}{_near(tag, tags) or '.'} {known} ({_where(declared)})")
    return found


def _from_ssh(name: str, declared: DeclaredHosts, knows: Callable[[str], bool]) -> HostSettings:
    """Return a host that only the SSH configuration knows, unless it looks like a slip."""
    entry = _entry(name)
    if not entry.startswith(f"{name}:"):
        # The name goes into case ids and folder names.
        text = f"host {name!r} is no name of letters, digits, '.', '_' and '-'"
        raise UsageError(f"{text}; give it one in a hosts file: {entry}")
    near = difflib.get_close_matches(name.lower(), [other.lower() for other in _known(declared)], n=1)
    is_known = knows(name)
    if is_known and not near:
        return HostSettings(name, boards=(name,))
    text = f"unknown host {name!r}{_near(name, _known(declared))}"
    if is_known:
        both = f"{text[:-1]}, or {name!r} of your SSH configuration?"
        raise UsageError(f"{both} For that one, add to the hosts file: {name}: {{}} ({_where(declared)})")
    cure = f"your SSH configuration does not know it either; add {entry}"
    known = f"Known: {', '.join(_known(declared))} ({_where(declared)})"
    raise UsageError(f"{text}{'' if near else '.'} {known}; {cure}")


def _entry(name: str) -> str:
    """Return the line of a hosts file that would declare a host."""
    is_name = all(sign.isalnum() or sign in "._-" for sign in name) and name[:1].isalnum() and name.isascii()
    if is_name and len(name) <= 64 and not name.endswith("."):
        return f"{name}: {{ssh: user@address}}"
    return f"pi5: {{ssh: {name if is_destination(name) else 'user@address'}}}"


def _known(declared: DeclaredHosts) -> list[str]:
    return ["local", *(name for name in declared.hosts if name not in BUILT_IN)]


def _near(name: str, known: Sequence[str]) -> str:
    lowered = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1)
    return f", did you mean {lowered[near[0]]!r}?" if near else ""


def _where(declared: DeclaredHosts) -> str:
    return declared.file or "there is no hosts file"
