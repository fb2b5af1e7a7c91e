"""daemon.json: its settings for foreign layers and image stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.docker_daemon import Daemon, UnreadableDaemon, daemons, read_daemon
from auditor.testing import plan_of

PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\ncopy: {tool: docker 27.5.1, config: [staging]}\n"


def test_settings_of_daemon_json() -> None:
    allow = '"allow-nondistributable-artifacts": ["r:5000",\n  "10.0.0.0/8"]'
    text = f'{{\n {allow},\n "features": {{"containerd-snapshotter": false}}\n}}'
    daemon = read_daemon("daemon.json", text.encode())
    assert daemon.allow is not None
    assert [(host.text, host.location.line) for host in daemon.allow] == [("r:5000", 2), ("10.0.0.0/8", 3)]
    assert daemon.store is False


@pytest.mark.parametrize("text", ["", "{}", '{"debug": true}'])
def test_absent_settings_of_daemon_json(text: str) -> None:
    daemon = read_daemon("daemon.json", text.encode())
    assert (daemon.allow, daemon.allow_at, daemon.store) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "cannot unmarshal array"),
        ('{"allow-nondistributable-artifacts": "r:5000"}', "must be a list of registries"),
        ('{"allow-nondistributable-artifacts": [5000]}', "must be a list of registries"),
        ('{"features": {"containerd-snapshotter": "on"}}', "must be true or false"),
        ("{]", "invalid character ']' looking for beginning of object key string"),
    ],
)
def test_unreadable_daemon_json_is_reported(text: str, why: str) -> None:
    with pytest.raises(UnreadableDaemon, match=why) as caught:
        read_daemon("daemon.json", text.encode())
    assert caught.value.location.line == 1


def test_every_daemon_json_is_found_and_no_other_file() -> None:
    files = {
        "staging/daemon.json": b"{}",
        "staging/other.json": b'{"allow-nondistributable-artifacts": []}',
        "staging/hosts.toml": b"server = 'https://r.local'",
    }
    found = daemons(plan_of(PLAN, files), ("staging",))
    assert [str(daemon.location) for daemon in found] == ["staging/daemon.json:1", "staging/other.json:1"]
    assert all(isinstance(daemon, Daemon) for daemon in found)
    assert daemons(plan_of(PLAN, files), ()) == ()


@given(st.binary(max_size=200))
def test_any_file_gives_a_result_or_our_error(data: bytes) -> None:
    try:
        found = read_daemon("daemon.json", data)
    except UnreadableDaemon as error:
        assert error.location.file == "daemon.json"
    else:
        assert found.store in {None, True, False}
