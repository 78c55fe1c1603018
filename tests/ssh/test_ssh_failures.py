"""What ssh says when it fails, in its own words, becomes what happened and what to do."""

from __future__ import annotations

import pytest

from bench.hosts.ssh.failures import name_failure, no_ssh_here

CHANGED = """\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
The fingerprint for the ED25519 key sent by the remote host is
SHA256:abc/DEF+012.
Offending ED25519 key in /home/x/.ssh/known_hosts:12
Host key for pi.local has changed and you have requested strict checking.
Host key verification failed."""


@pytest.mark.parametrize(
    ("stderr", "kind", "expected"),
    [
        (CHANGED, "changed_key", "ssh-keygen -f /home/x/.ssh/known_hosts -R 'pi.local'"),
        (CHANGED, "changed_key", "now SHA256:abc/DEF+012"),
        (
            "No ED25519 host key is known for pi.local and you have requested strict checking.\n"
            "Host key verification failed.",
            "unknown_key",
            "run `ssh pi` once by hand",
        ),
        ("pi@pi.local: Permission denied (publickey,password).", "denied", "no passwords"),
        (
            "Received disconnect from 10.0.0.7 port 22:2: Too many authentication failures\n"
            "Disconnected from 10.0.0.7 port 22",
            "denied",
            "tried too many keys",
        ),
        (
            "ssh: Could not resolve hostname pi.lokal: Name or service not known",
            "unresolved",
            "no address is known for 'pi.lokal'",
        ),
        ("ssh: connect to host pi port 22: Connection refused", "refused", "switch SSH on"),
        ("ssh: connect to host pi port 22: Connection timed out", "timeout", "does not answer"),
        ("ssh: connect to host pi port 22: Operation timed out", "timeout", "does not answer"),
        ("Timeout, server pi not responding.", "timeout", "does not answer"),
        ("ssh: connect to host pi port 22: No route to host", "unreachable", "No route to host"),
        (
            "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\n"
            "kex_exchange_identification: Connection closed by remote host\n"
            "Connection closed by UNKNOWN port 65535",
            "jump",
            "through its jump host",
        ),
        ("kex_exchange_identification: read: Connection reset by peer", "closed", "Connection reset"),
        (
            "System is booting up. Unprivileged users are not permitted to log in yet.\n"
            "Connection closed by 10.0.0.7 port 22",
            "booting",
            "is starting up",
        ),
        (
            "/home/x/.ssh/config: line 3: Bad configuration option: hostnam\n"
            "/home/x/.ssh/config: terminating, 1 bad configuration options",
            "configuration",
            "does not accept its configuration",
        ),
        ("Bad owner or permissions on /home/x/.ssh/config", "configuration", "Bad owner"),
        (
            "Unable to negotiate with 10.0.0.7 port 22: no matching host key type",
            "configuration",
            "negotiate",
        ),
        ("something nobody foresaw", "lost", "something nobody foresaw"),
        ("", "lost", "pi: the connection was lost"),
    ],
)
def test_each_failure_of_ssh_is_named(stderr: str, kind: str, expected: str) -> None:
    failure = name_failure("pi", 255, stderr.splitlines())
    assert failure.kind == kind
    assert expected in failure.message and failure.message.startswith("pi: ")


@pytest.mark.parametrize(
    ("code", "stderr", "kind", "expected"),
    [
        (127, "bash: line 1: python3: command not found", "no_python", "sudo apt install python3"),
        (1, "python3: Command not found.", "no_python", "has no python3"),
        (1, '  File "<string>", line 1\nSyntaxError: invalid syntax', "unsuitable", "expected 3.11"),
        (1, "This account is currently not available.", "denied", "may not run commands"),
        (1, "MemoryError", "crashed", "exit code 1 (MemoryError)"),
    ],
)
def test_each_failure_of_the_device_is_named(code: int, stderr: str, kind: str, expected: str) -> None:
    failure = name_failure("pi", code, stderr.splitlines())
    assert (failure.kind, expected in failure.message) == (kind, True), failure.message


def test_only_what_time_can_mend_is_tried_again() -> None:
    for line in (
        "Connection refused",
        "Connection timed out",
        "Connection reset by peer",
        "No route to host",
    ):
        assert not name_failure("pi", 255, [line]).is_final
    assert not name_failure("pi", -9, []).is_final
    for text in (CHANGED, "Host key verification failed.", "x@y: Permission denied (publickey)."):
        assert name_failure("pi", 255, text.splitlines()).is_final
    absent = no_ssh_here("pi", FileNotFoundError(2, "No such file"))
    assert absent.is_final and "install OpenSSH's client" in absent.message
    assert "Too many open files" in no_ssh_here("pi", OSError(24, "Too many open files")).message


def test_a_jump_hosts_own_refusal_is_told_as_such() -> None:
    said = ["me@jump: Permission denied (publickey).", "Connection closed by UNKNOWN port 65535"]
    failure = name_failure("pi", 255, said)
    assert failure.kind == "denied" and "as me@jump" in failure.message
