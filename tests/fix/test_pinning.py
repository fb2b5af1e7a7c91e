"""Pinned lists differ from the originals by digests alone, and their importers read the same entries from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.fix.pinning import COPY_CHANGES, NOT_IN_ONE_PIECE, NOT_OBSERVED, NOT_TEXT, Pinning, pinned_lists
from auditor.site import Site
from auditor.testing import site_of

HEAD = "version: 1\npools: {linux: {platform: linux/amd64}}\n"
WEB, SQL = "src.example/shop/web:1", "src.example/shop/sql:2"
HAULER = "apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata: {{name: x}}\nspec:\n  images:\n"
OBSERVED = {WEB: {"platforms": ["linux/amd64", "linux/arm64"]}, SQL: {"platforms": ["linux/amd64"]}}


def pinning(files: dict[str, Any], plan: str = "", observed: dict[str, Any] | None = None) -> Pinning:
    images = "".join(f"  - {{list: '{name}'}}\n" for name in files)
    return pinned_lists(site_of({"plan": f"{HEAD}images:\n{images}{plan}", "files": files, "observed": observed or OBSERVED}))


def texts(made: Pinning) -> dict[str, str]:
    return {file.path: file.text for file in made.files}


def digest(reference: str) -> str:
    (file,) = pinning({"one.txt": f"{reference}\n"}).files
    return file.text.strip().removeprefix(reference)


@pytest.mark.parametrize(
    "text",
    [
        "# our images\n\n{web}  # the shop\n{sql}\n# end",
        "\ufeff{web}\r\n  {sql}\t# tabs\r\n",
        "{sql}\n{sql}\n{web} {sql}\n",
        "{web}\r{sql}",
        HAULER + "    - name: {web}  # shop\n    - name: '{sql}'\n    - {{name: \"{web}\"}}\n",
    ],
    ids=["comments", "mark and CRLF", "repeated", "CR", "hauler"],
)
def test_only_digests_are_added(text: str) -> None:
    made = pinning({"lists/images.txt": text.format(web=WEB, sql=SQL)})
    assert made.left == ()
    assert texts(made) == {"lists/images.txt": text.format(web=WEB + digest(WEB), sql=SQL + digest(SQL))}


def test_observed_digest_is_that_of_the_whole_index() -> None:
    site = site_of({"plan": HEAD + f"images: [{{ref: '{WEB}'}}]\n", "observed": OBSERVED})
    (image,) = site.images.images.values()
    assert digest(WEB) == f"@{image.digest}"


def test_reference_without_an_observation_stays() -> None:
    made = pinning({"a.txt": f"{WEB}\nsrc.example/unknown:1  # why\n"})
    assert texts(made)["a.txt"].endswith("src.example/unknown:1  # why\n")
    assert [(one.line.text, one.reason) for one in made.left] == [("src.example/unknown:1", NOT_OBSERVED)]


def test_pinned_reference_and_invalid_line_stay_without_a_word() -> None:
    kept = f"{WEB}{digest(WEB)}\n{{{{ .Values.image }}}}\n"
    made = pinning({"a.txt": f"{kept}{SQL}\n"})
    assert texts(made) == {"a.txt": f"{kept}{SQL}{digest(SQL)}\n"}
    assert made.left == ()


def test_digest_that_the_copy_can_change_is_not_written() -> None:
    plan = "registry: {host: 'in.example:5000'}\ncopy: {tool: docker 28.0.0}\n"
    made = pinning({"a.txt": f"{WEB}\n"}, plan)
    assert made.files == ()
    assert [one.reason for one in made.left] == [COPY_CHANGES]


def test_composed_reference_is_not_rewritten() -> None:
    entry = "source: src.example/shop/web, target: in.example/shop/web, type: repository, tags: {allow: ['1']}"
    made = pinning({"regsync.yaml": f"version: 1\nsync: [{{{entry}}}]\n"})
    assert made.files == ()
    assert {one.reason for one in made.left} <= {NOT_IN_ONE_PIECE, NOT_OBSERVED}


def test_file_that_is_not_text_stays() -> None:
    site = site_of({"plan": f"{HEAD}images: [{{list: a.txt}}]\n", "files": {"a.txt": f"{WEB}\n"}, "observed": OBSERVED})
    plan = replace(site.plan, files={**site.plan.files, "a.txt": f"{WEB}\n".encode() + b"\xff\n"})
    made = pinned_lists(Site(plan, site.needs, site.evidence, site.places))
    assert made.files == ()
    assert [one.reason for one in made.left] == [NOT_TEXT]


def test_output_path_never_leaves_the_folder_and_is_unique() -> None:
    made = pinning({"a b/x.txt": f"{WEB}\n", "a-b/x.txt": f"{SQL}\n"})
    assert sorted(texts(made)) == ["a-b/x-2.txt", "a-b/x.txt"]
