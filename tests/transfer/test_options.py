"""The options of a copy tool, as plans state them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.transfer.copy_options import Options, read_options


@pytest.mark.parametrize(
    ("texts", "condition", "holds"),
    [
        (["--all"], "--all", True),
        (["--all=false"], "--all", False),
        (["--all", "false"], "--all", False),
        (["--multi-arch", "all"], "--multi-arch all", True),
        (["--multi-arch=all"], "--multi-arch all", True),
        (["--multi-arch all"], "--multi-arch all", True),
        (["--multi-arch=system"], "--multi-arch all", False),
        (["--multi-arch"], "--multi-arch all", False),
        (["--platform linux/amd64,linux/arm64"], "--platform linux/arm64", True),
        (["includeExternal: true"], "includeExternal true", True),
        (["includeExternal:true"], "includeExternal true", True),
        (["includeExternal=false"], "includeExternal", False),
        (["--local", "--allow-non-distributable-blobs"], "--allow-non-distributable-blobs and --local", True),
        (["--allow-non-distributable-blobs"], "--allow-non-distributable-blobs and --local", False),
        (["image export"], "export", True),
        (["ocidir://media"], "ocidir", True),
        ([], "--all", False),
    ],
)
def test_option_is_detected(texts: list[str], condition: str, holds: bool) -> None:
    assert read_options(texts).has(condition) is holds


def test_values_are_kept_in_order() -> None:
    options = read_options(["--platform", "linux/amd64", "--jobs", "--platform=windows/amd64:10.0.20348.587"])
    assert options.values("--platform") == ("linux/amd64", "windows/amd64:10.0.20348.587")
    assert options.values("--jobs") == ()


def test_equal_options_are_one_value() -> None:
    assert read_options(["--a", "b"]) == read_options(["--a b"]) == Options((("--a", "b"), ("b", "")))


@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_text_is_parsed(texts: list[str]) -> None:
    options = read_options(texts)
    assert len(options.given) == len([word for text in texts for word in text.split()])
    assert not options.has("--never-written and --this-neither")
