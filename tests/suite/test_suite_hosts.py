"""The hosts file: what it may say, where it is found, and which hosts names and tags mean."""

# Texts stand here as they are told, whatever their length.
# ruff: noqa: E501

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bench.core.host import HostSettings, budget_seconds, is_destination
from bench.core.measure import MeasureOptions
from bench.core.suite import Overrides
from bench.errors import SuiteError, UsageError
from bench.suite import apply_overrides, find_hosts, hosts_schema, load_suite, resolve_hosts
from bench.suite.hosts import choose_hosts
from bench.suite.hosts_file import DeclaredHosts, read_hosts
from bench.suite.ssh_config import is_configured

FULL = """
pi5: {}
pis:
  ssh: [pi-a, pi@10.0.0.7]
  tags: [arm, rack]
  threads: [1, 4]
  target_temperature: 55
  cooling: 5m
  budget: 20m
  environment: {OMP_NUM_THREADS: "1", LEVEL: 2}
  wheels: controller
  root: /mnt/ssd/bench
local: {threads: 2}
"""
needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh on this machine")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with no settings of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("BENCH_SSH_CONFIG", "/dev/null")
    monkeypatch.delenv("BENCH_HOSTS", raising=False)


def declared(text: str = FULL) -> DeclaredHosts:
    Path("hosts.yaml").write_text(text)
    return read_hosts(Path("hosts.yaml"))


def errors(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        declared(text)
    return str(caught.value).splitlines()


def test_every_key_of_an_entry_is_read() -> None:
    found = declared()
    assert found.hosts["pis"] == HostSettings(
        "pis",
        boards=("pi-a", "pi@10.0.0.7"),
        tags=("arm", "rack"),
        threads=(1, 4),
        target_temperature_c=55.0,
        cooling_seconds=300.0,
        budget_seconds=1200.0,
        environment={"OMP_NUM_THREADS": "1", "LEVEL": "2"},
        wheels="controller",
        root="/mnt/ssd/bench",
    )
    assert found.lines == {"pi5": 2, "pis": 3, "local": 13}


def test_an_empty_entry_is_an_alias_of_the_ssh_configuration() -> None:
    assert declared().hosts["pi5"] == HostSettings("pi5", boards=("pi5",))
    assert declared("pi4:").hosts["pi4"].boards == ("pi4",)


def test_all_errors_of_a_hosts_file_are_told_with_line_and_key_path() -> None:
    assert errors(
        """pi5: {sssh: pi@x}
pi 6: {}
pi7:
  ssh: "-oProxyCommand=reboot"
  threads: 0
  wheels: devise
  environment: {PYTHONPATH: x, "A B": y}
  root: bench
  target_temperature: 5
local: {ssh: pi@x}
"""
    ) == [
        "hosts.yaml:1 pi5.sssh: unknown key, did you mean 'ssh'? Known: ssh, tags, threads, target_temperature, cooling, budget, environment, wheels, root",
        "hosts.yaml:2 pi 6: got 'pi 6', expected a name of letters, digits, '.', '_' and '-' that begins with a letter or digit, at most 64",
        "hosts.yaml:4 pi7.ssh: got '-oProxyCommand=reboot', expected a destination of ssh: an alias, a host name, user@name or ssh://user@name:port",
        "hosts.yaml:5 pi7.threads: got 0, expected an integer from 1 to 1024",
        "hosts.yaml:6 pi7.wheels: unknown name 'devise', did you mean 'device'? Known: auto, device, controller",
        "hosts.yaml:7 pi7.environment.A B: got 'A B', expected a name of an environment variable, none that begins with PYTHON or BENCH_",
        "hosts.yaml:7 pi7.environment.PYTHONPATH: got 'PYTHONPATH', expected a name of an environment variable, none that begins with PYTHON or BENCH_",
        "hosts.yaml:8 pi7.root: got 'bench', expected an absolute folder on the host, or one that begins with ~/",
        "hosts.yaml:9 pi7.target_temperature: got 5.0, expected a number from 20 to 100".replace("5.0", "5"),
        "hosts.yaml:10 local.ssh: means nothing for 'local', which is this machine: give the other another name",
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "hosts.yaml:1: the file is empty, expected a hosts file"),
        ("- pi5", "hosts.yaml:1: got a list, expected a mapping of host names to what is known of them"),
        ("pi5: pi@host", "hosts.yaml:1 pi5: got 'pi@host', expected a mapping that describes a host"),
        ("pi5: {ssh: [a, a]}", "hosts.yaml:1 pi5.ssh[1]: got 'a' a second time, expected it once: remove one"),
        ("pi5: !!python/object:os.system {}", "hosts.yaml:1 pi5: got the tag 'tag:yaml.org,2002:python/object:os.system', expected plain values: remove it"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_an_error(text: str, error: str) -> None:
    assert errors(text)[0] == error


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("pi5", True),
        ("pi@raspberrypi.local", True),
        ("ssh://pi@pi5:2222", True),
        ("fe80::1%eth0", True),
        ("ssh://pi@[fe80::1]:22", True),
        ("-oProxyCommand=x", False),
        ("pi@-oProxyCommand=x", False),
        ("ssh://-x", False),
        ("pi5:22", False),
        ("pi 5", False),
        ("pi5\n", False),
        ("pi5;reboot", False),
        ("$(reboot)", False),
        ("`x`", False),
        ("", False),
        ("x" * 256, False),
    ],
)
def test_only_what_no_shell_and_no_option_parser_acts_on_is_a_destination(text: str, is_right: bool) -> None:
    assert is_destination(text) == is_right


def test_the_file_is_looked_for_in_the_order_that_the_help_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(path: str) -> Path:
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("pi5: {}")
        return place

    suite = tmp_path / "suites" / "s.yaml"
    assert find_hosts(suite=suite).file == ""
    for place in ("settings/detector-bench/hosts.yaml", "hosts.yaml", "suites/hosts.yaml"):
        put(place)
        assert Path(find_hosts(suite=suite).file).resolve() == tmp_path / place
    monkeypatch.setenv("BENCH_HOSTS", str(put("of-environment.yaml")))
    assert find_hosts(suite=suite).file == str(tmp_path / "of-environment.yaml")
    assert find_hosts(put("given.yaml"), suite).file == str(tmp_path / "given.yaml")


def test_a_file_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="--hosts-file: there is no file x.yaml, expected a hosts file"):
        find_hosts(Path("x.yaml"))
    monkeypatch.setenv("BENCH_HOSTS", "y.yaml")
    with pytest.raises(UsageError, match="BENCH_HOSTS: there is no file y.yaml, expected a hosts file"):
        find_hosts()


def test_names_and_tags_mean_each_host_once() -> None:
    found = choose_hosts(["tag:rack", "pi5", "pis", "local"], declared(), lambda name: False)
    assert [settings.name for settings in found] == ["pis", "pi5", "local"]
    assert found[2].threads == (2,) and found[2].boards == ()


def test_this_machine_and_the_fake_need_no_file() -> None:
    assert [settings.name for settings in resolve_hosts(["local", "fake"])] == ["local", "fake"]


@pytest.mark.parametrize(
    ("name", "is_in_ssh", "error"),
    [
        ("pi55", False, "unknown host 'pi55', did you mean 'pi5'? Known: local, pi5, pis (hosts.yaml); your SSH configuration does not know it either; add pi55: {ssh: user@address}"),
        ("pi55", True, "unknown host 'pi55', did you mean 'pi5', or 'pi55' of your SSH configuration? For that one, add to the hosts file: pi55: {} (hosts.yaml)"),
        ("pi@10.0.0.3", True, "host 'pi@10.0.0.3' is no name of letters, digits, '.', '_' and '-'; give it one in a hosts file: pi5: {ssh: pi@10.0.0.3}"),
        ("../x", True, "host '../x' is no name of letters, digits, '.', '_' and '-'; give it one in a hosts file: pi5: {ssh: user@address}"),
        ("-oProxyCommand=x", True, "host '-oProxyCommand=x' is no name of letters, digits, '.', '_' and '-'; give it one in a hosts file: pi5: {ssh: user@address}"),
        ("tag:amr", False, "no host has the tag 'amr', did you mean 'arm'? Known tags: arm, rack (hosts.yaml)"),
    ],
)  # fmt: skip
def test_an_unknown_host_is_answered_with_the_nearest_and_with_what_to_write(
    name: str, is_in_ssh: bool, error: str
) -> None:
    with pytest.raises(UsageError) as caught:
        choose_hosts([name], declared(), lambda name: is_in_ssh)
    assert str(caught.value) == error


@needs_ssh
def test_a_host_that_only_the_ssh_configuration_knows_needs_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("Host kitchen\n  HostName 10.0.0.9\nHost attic\n  User pi\n")
    monkeypatch.setenv("BENCH_SSH_CONFIG", str(config))
    assert resolve_hosts(["kitchen"]) == [HostSettings("kitchen", boards=("kitchen",))]
    assert is_configured("attic") and not is_configured("cellar")
    with pytest.raises(UsageError, match="unknown host 'cellar'. Known: local"):
        resolve_hosts(["cellar"])


@needs_ssh
def test_a_broken_ssh_configuration_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("Hots x\n")
    monkeypatch.setenv("BENCH_SSH_CONFIG", str(tmp_path / "config"))
    with pytest.raises(UsageError, match="Bad configuration option: hots"):
        is_configured("x")


def test_a_suite_s_unknown_host_is_an_error_with_file_and_line() -> None:
    Path("s.yaml").write_text("name: s\nmodel: builtin\nhosts:\n  - local\n  - pi55\n")
    with pytest.raises(SuiteError, match=r"^s.yaml:5 hosts\[1\]: unknown host 'pi55', did you mean 'pi5'\?"):
        load_suite(Path("s.yaml"), hosts=declared())
    assert load_suite(Path("s.yaml")).hosts == ("local", "pi55")


def test_a_host_s_threads_stand_where_the_suite_names_none() -> None:
    text = "name: s\nmodel: builtin\nhosts: [pi5, pis, local]\nmatrix: {precision: [fp32, int8]"
    Path("s.yaml").write_text(text + ", include: [{precision: fp16, threads: 8, host: pis}]}\n")
    suite = load_suite(Path("s.yaml"), hosts=declared())
    assert [case.id.split("/", 1)[1] for case in suite.cases] == [
        "fp32/litert/t1@pi5",
        "fp32/litert/t1@pis",
        "fp32/litert/t4@pis",
        "fp32/litert/t2@local",
        "int8/litert/t1@pi5",
        "int8/litert/t1@pis",
        "int8/litert/t4@pis",
        "int8/litert/t2@local",
        "fp16/litert/t8@pis",
    ]
    assert [settings.name for settings in suite.hosts_settings] == ["pi5", "pis", "local"]
    Path("s.yaml").write_text(text + ", threads: 3}\n")
    suite = load_suite(Path("s.yaml"), hosts=declared())
    assert {case.runtime.threads for case in suite.cases} == {3}


def test_chosen_hosts_replace_those_of_the_suite_and_its_rows_stay_right() -> None:
    Path("s.yaml").write_text(
        "name: s\nmodel: builtin\nhosts: [local, not-mine]\n"
        "matrix: {precision: [fp32, int8], exclude: [{host: not-mine, precision: int8}]}\n"
    )
    suite = load_suite(Path("s.yaml"), hosts=declared(), chosen=["pi5"])
    assert suite.hosts == ("pi5",) and {case.host for case in suite.cases} == {"pi5"}
    assert len(suite.cases) == 2 and suite.cases[1].sibling == "builtin/fp32/litert/t1@pi5"
    only = apply_overrides(
        load_suite(Path("s.yaml"), hosts=declared(), chosen=["pi5", "local"]), Overrides(only=("@pi5",))
    )
    assert [settings.name for settings in only.hosts_settings] == ["pi5"]
    with pytest.raises(UsageError, match="unknown host 'pj5', did you mean 'pi5'"):
        load_suite(Path("s.yaml"), hosts=declared(), chosen=["pj5"])


def test_the_suite_s_budget_comes_before_the_host_s() -> None:
    host = HostSettings("pi5", budget_seconds=60.0)
    assert budget_seconds(MeasureOptions(), host) == 60.0
    assert budget_seconds(MeasureOptions(budget_seconds=5.0), host) == 5.0


def test_the_schema_takes_what_is_read_and_tells_the_meaning_of_every_key() -> None:
    schema: dict[str, Any] = hosts_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(yaml.safe_load(FULL))
    assert all(child["description"] for child in schema["additionalProperties"]["properties"].values())
    for text in ("pi5: {sssh: x}", "pi 6: {}", "pi5: {ssh: -o}", "pi5: {threads: 0}", "pi5: {root: x}"):
        assert not validator.is_valid(yaml.safe_load(text)), text
