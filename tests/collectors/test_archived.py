"""The archives of a plan as evidence: read once, read again after a change, removed when the plan no longer names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.collectors.collect import collect
from auditor.errors import UsageError
from auditor.evidence.model import Absent, ArchiveSeen, Failed, Kind, Place, Seen
from auditor.evidence.places import noted_places
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.plan.load import load_plan
from auditor.plan.model import Plan
from tests.collectors.archives.made import INDEX, LINUX, docker, index_layout, tar, written
from tests.collectors.asking import options

ARCHIVES = frozenset({Place.ARCHIVES})


def plan_in(folder: Path, *archives: str) -> Plan:
    """A plan with these archives."""
    named = ", ".join(f'"{name}"' for name in archives)
    (folder / "plan.yaml").write_text(f"version: 1\npools: {{a: {{platform: linux/amd64}}}}\ncopy: {{archives: [{named}]}}\n")
    return load_plan(folder / "plan.yaml")


def observed(store: Store, plan: Plan) -> list[str]:
    """Return the names of the archives that were read again."""
    read: dict[str, None] = {}
    collect(plan, Needs(needs=()), store, options(places=ARCHIVES, reading=lambda name, _done, _total: read.setdefault(name)))
    return list(read)


def seen(store: Store, path: str) -> ArchiveSeen:
    found = store.archives()[path]
    assert isinstance(found, Seen), found
    return found.value


def test_an_archive_and_its_documents_are_kept(tmp_path: Path) -> None:
    written(tmp_path, tar(index_layout()), "site.tar")
    with Store.memory() as store:
        observed(store, plan_in(tmp_path, "site.tar"))
        assert [image.digest for image in seen(store, "site.tar").inventory.images] == [INDEX.digest]
        for document in (INDEX.index, LINUX.manifest, LINUX.config):
            content = store.content("anywhere", document.digest)
            assert isinstance(content, Seen)
            assert (content.value.body, content.source) == (document.body, "site.tar")
        assert noted_places(store) == ARCHIVES


def test_unchanged_archive_is_not_read_again(tmp_path: Path) -> None:
    written(tmp_path, tar(docker("a:1")), "a.tar")
    written(tmp_path, index_layout(), "b")
    plan = plan_in(tmp_path, "a.tar", "b")
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        assert observed(store, plan) == ["a.tar", "b"]
    with Store.create(path) as store:
        assert observed(store, plan) == []
        assert [image.names for image in seen(store, "a.tar").inventory.images] == [("a:1",)]
        written(tmp_path, tar(docker("a:2")), "a.tar")
        assert observed(store, plan) == ["a.tar"]
        assert [image.names for image in seen(store, "a.tar").inventory.images] == [("a:2",)]
        blob = next((tmp_path / "b" / "blobs" / "sha256").iterdir())
        os.utime(blob, ns=(1, 1))
        assert observed(store, plan) == ["b"]


def test_changes_in_an_archive_folder_are_observed(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    written(tmp_path / "media", tar(docker("a:1")), "a.tar")
    plan = plan_in(tmp_path, "media")
    with Store.memory() as store:
        observed(store, plan)
        written(tmp_path / "media", tar(docker("b:1")), "b.tar")
        assert observed(store, plan) == ["media/b.tar"]
        assert set(store.archives()) == {"media/a.tar", "media/b.tar"}
        (tmp_path / "media" / "a.tar").unlink()
        assert observed(store, plan) == []
        assert set(store.archives()) == {"media/b.tar"}


def test_archive_that_the_plan_no_longer_names_is_removed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path, tar(docker(f"{name}:1")), f"{name}.tar")
    with Store.memory() as store:
        observed(store, plan_in(tmp_path, "a.tar", "b.tar"))
        observed(store, plan_in(tmp_path, "./b.tar"))
        assert set(store.archives()) == {"b.tar"}


def test_missing_and_unreadable_archives_are_evidence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with Store.memory() as store:
        observed(store, plan_in(tmp_path, "nowhere.tar", "empty", "pipe"))
        found = store.archives()
        assert isinstance(found["nowhere.tar"], Absent)
        assert isinstance(found["empty"], Absent)
        assert isinstance(found["pipe"], Failed)
        assert found["pipe"].kind is Kind.UNREACHABLE
        written(tmp_path, tar(docker("a:1")), "nowhere.tar")
        assert observed(store, plan_in(tmp_path, "nowhere.tar", "empty", "pipe")) == ["nowhere.tar"]
        assert isinstance(store.archives()["nowhere.tar"], Seen)


def test_archives_as_a_place_need_archives_in_the_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("version: 1\npools: {a: {platform: linux/amd64}}\n")
    with Store.memory() as store, pytest.raises(UsageError, match="names no archives"):
        observed(store, load_plan(tmp_path / "plan.yaml"))
