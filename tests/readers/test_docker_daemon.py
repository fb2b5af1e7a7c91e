"""daemon.json: what it says about foreign layers and image stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.docker_daemon import Daemon, UnreadableDaemon, daemons, read_daemon
from auditor.testing import plan_of

PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\ncopy: {tool: docker 27.5.1, config: [staging]}\n"


def test_what_it_says() -> None:
    allow = '"allow-nondistributable-artifacts": ["r:5000",\n  "10.0.0.0/8"]'
    text = f'{{\n {allow},\n "features": {{"containerd-snapshotter": false}}\n}}'
    daemon = read_daemon("daemon.json", text.encode())
    assert daemon.allow is not None
    assert [(host.text, host.location.line) for host in daemon.allow] == [("r:5000", 2), ("10.0.0.0/8", 3)]
    assert daemon.store is False


@pytest.mark.parametrize("text", ["", "{}", '{"debug": true}'])
def test_what_it_does_not_say(text: str) -> None:
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
def test_what_cannot_be_read(text: str, why: str) -> None:
    with pytest.raises(UnreadableDaemon, match=why) as caught:
        read_daemon("daemon.json", text.encode())
    assert caught.value.location.line == 1


def test_every_file_that_is_one_is_found_and_no_other() -> None:
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
def test_no_file_is_too_odd(data: bytes) -> None:
    try:
        found = read_daemon("daemon.json", data)
    except UnreadableDaemon as error:
        assert error.location.file == "daemon.json"
    else:
        assert found.store in {None, True, False}
