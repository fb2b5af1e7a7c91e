"""Which login kubelet uses for an image, by the rules of its keyring; and that no password is kept."""

from __future__ import annotations

import json

import pytest

from auditor.readers.pull_logins import NotLogins, logins_in, without_passwords

IMAGE = "registry.plant7.local:5000/shop/web"


def config(*keys: str) -> str:
    return json.dumps({"auths": {key: {"auth": "cHVsbGVyOnMzY3JldA=="} for key in keys}})


@pytest.mark.parametrize(
    ("key", "image", "serves"),
    [
        ("registry.plant7.local:5000", IMAGE, True),
        ("https://registry.plant7.local:5000", IMAGE, True),
        ("http://registry.plant7.local:5000/", IMAGE, True),
        ("https://registry.plant7.local:5000/v2/", IMAGE, True),
        ("https://registry.plant7.local:5000/v1/", IMAGE, True),
        ("registry.plant7.local:5000/shop", IMAGE, True),
        ("registry.plant7.local:5000/shop/web", IMAGE, True),
        ("*.plant7.local:5000", IMAGE, True),
        ("registry.*.local:5000", IMAGE, True),
        ("registry.plant7.loca[l]:5000", IMAGE, True),
        ("registry.plant7.local", IMAGE, False),
        ("registry.plant7.local:5001", IMAGE, False),
        ("registry.plant7.local:5000/stock", IMAGE, False),
        ("*.local:5000", IMAGE, False),
        ("*", IMAGE, False),
        ("plant7.local:5000", IMAGE, False),
        ("https://index.docker.io/v1/", "docker.io/library/nginx", True),
        ("docker.io", "docker.io/library/nginx", True),
        ("index.docker.io", "docker.io/library/nginx", True),
        ("registry-1.docker.io", "docker.io/library/nginx", False),
        ("https://index.docker.io/v1/", IMAGE, False),
        ("[::1]:5000", "[::1]:5000/web", True),
    ],
)
def test_key_serves_image_as_kubelet_matches(key: str, image: str, serves: bool) -> None:
    assert logins_in(config(key)).serves(image) is serves


def test_entry_of_a_credential_helper_holds_no_login() -> None:
    found = logins_in('{"auths": {"registry.plant7.local:5000": {}}, "credsStore": "desktop"}')
    assert (found.keys, found.empty) == ((), ("registry.plant7.local:5000",))


def test_legacy_file_has_registries_at_the_top() -> None:
    assert logins_in('{"registry.plant7.local:5000": {"auth": "eA=="}}', legacy=True).serves(IMAGE)


@pytest.mark.parametrize("text", ["", "[]", "null", "7", "{}", '{"auths": []}', '{"auths": null}', "a: b", "[" * 100_000])
def test_other_text_is_no_login(text: str) -> None:
    with pytest.raises(NotLogins):
        logins_in(text)


def test_only_registries_stay_without_passwords() -> None:
    text = json.dumps(
        {"auths": {"https://bob:hunter2@r.local:5000": {"username": "bob", "password": "hunter2", "auth": "eA=="}}}
    )
    clean = without_passwords(text, "REDACTED")
    assert json.loads(clean) == {"auths": {"r.local:5000": {"auth": "REDACTED"}}}


def test_error_does_not_quote_the_text() -> None:
    with pytest.raises(NotLogins) as caught:
        logins_in('{"auths": hunter2}')
    assert "hunter2" not in str(caught.value)
