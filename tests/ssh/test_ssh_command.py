"""The ssh command: fixed options first, names that cannot become anything else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.errors import HostError
from bench.hosts.ssh.command import CONFIG_VARIABLE, ssh_command


def resolved(destination: str) -> dict[str, str]:
    """Return what ssh itself makes of the command's options."""
    command = list(ssh_command(destination))
    done = subprocess.run(
        [command[0], "-G", *command[1:-1]], capture_output=True, text=True, check=True, timeout=30
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not installed")
def test_the_command_line_wins_over_a_careless_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(
        "Host pi\n  HostName 192.0.2.7\n  User someone\n  StrictHostKeyChecking no\n  ForwardAgent yes\n"
        "  RequestTTY force\n  RemoteCommand tmux\n  ControlMaster auto\n  Compression yes\n  BatchMode no\n"
        "  ServerAliveInterval 0\n  LogLevel QUIET\n  PermitLocalCommand yes\n"
        "  LocalForward 8080 localhost:80\n"
    )
    monkeypatch.setenv(CONFIG_VARIABLE, str(config))
    found = resolved("pi")
    assert (found["hostname"], found["user"]) == ("192.0.2.7", "someone")
    assert found["stricthostkeychecking"] in ("true", "yes")
    assert found["batchmode"] == "yes" and found["forwardagent"] == "no"
    assert found["requesttty"] in ("false", "no") and found.get("remotecommand", "none") == "none"
    assert found["controlmaster"] in ("false", "no") and found["compression"] == "no"
    assert (found["serveraliveinterval"], found["serveralivecountmax"]) == ("15", "3")
    assert found["loglevel"] == "INFO" and found["permitlocalcommand"] == "no"
    assert found["clearallforwardings"] == "yes"


def test_the_configuration_is_the_users_own_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    assert "-F" not in ssh_command("pi")
    monkeypatch.setenv(CONFIG_VARIABLE, "/some/config")
    assert ssh_command("pi")[1:3] == ("-F", "/some/config")


@pytest.mark.parametrize("good", ["pi5", "pi@raspberrypi.local", "10.0.0.7", "ssh://pi@host:2222", "a-b_c.d"])
def test_names_addresses_and_users_are_destinations(good: str) -> None:
    assert ssh_command(good)[-3:-1] == ("--", good)


@pytest.mark.parametrize(
    "bad",
    ["", "-oProxyCommand=touch /tmp/x", "pi;reboot", "pi reboot", "$(id)", "`id`", "a\nb", "pi@-oX=y",
     "a|b", "x" * 256, "pi&", "pi\0", "'pi'", "pi>x", "ünï"],
)  # fmt: skip
def test_what_shells_or_ssh_would_act_on_is_no_destination(bad: str) -> None:
    with pytest.raises(HostError, match="is no SSH destination, expected an alias"):
        ssh_command(bad)


def test_the_remote_command_is_constant_and_plain_to_every_shell() -> None:
    one, other = ssh_command("pi5")[-1], ssh_command("ssh://x@y:1")[-1]
    assert one == other
    assert one.count("'") == 2 and one.endswith("'")
    # What csh's history, fish's escapes or any other shell's quoting would touch.
    assert not set(one) & set("\\!\n`$")
