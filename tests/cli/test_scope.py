"""The scope as a user sees it: the headline, and `--require` in all its forms."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from auditor.evidence.model import Content, Seen, TagSeen
from auditor.evidence.store import Store
from auditor.oci import media_types
from auditor.testing import MemoryEvidence, evidence_of
from tests.cli.runner import auditor

IMAGE = "registry.example.com/shop/web:4.2"
PLAN = f"""version: 1
pools: {{control: {{platform: linux/amd64}}}}
images: [{{ref: "{IMAGE}"}}]
"""
AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
AUDIT = ("audit", "plan.yaml", "--evidence", "site.evidence", "--at", "2026-11-23")
LISTS = ("audit", "images.txt", "--platform", "linux/amd64", "--evidence", "site.evidence", "--at", "2026-11-23")
FORMATS = ("text", "lines", "json", "html", "egress", "sarif", "junit", "github", "gitlab", "markdown")
PROMISE = "will work offline"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plan of three lines, a list of one image, and evidence that the image is there."""
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "images.txt").write_text(f"{IMAGE}\n")
    observed: MemoryEvidence = evidence_of({IMAGE: {"platforms": ["linux/amd64"]}})
    with Store.create(tmp_path / "site.evidence") as store:
        for digest, content in observed.documents.items():
            assert isinstance(content, Content)
            store.put_document(digest, content.media_type, content.body, IMAGE.rpartition(":")[0], AT, "https://x")
        tag = observed.tags[IMAGE]
        assert isinstance(tag, Seen)
        store.put_tag(IMAGE, Seen(TagSeen(tag.value.digest, media_types.OCI_INDEX, tag.value.size), AT, "https://x"))
    return tmp_path


def test_list_of_three_lines_is_ready_for_the_examined_areas(folder: Path) -> None:
    done = auditor(*AUDIT, cwd=folder)
    assert done.returncode == 0, done.stdout
    assert "\nREADY for what was examined: images at their source, foreign layers.\nNot examined: " in done.stdout
    words = " ".join(done.stdout.split())
    assert "internal registry or archives (not declared)" in words
    scope = " ".join(auditor("show", "scope", cwd=folder).stdout.split())
    assert "Add `registry: {host: …}` to the plan and collect with `--via target`" in scope
    assert PROMISE not in done.stdout


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_names_unexamined_areas_and_promises_nothing(folder: Path, format: str) -> None:
    done = auditor(*AUDIT, "--format", format, cwd=folder)
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    assert PROMISE not in words
    if format == "json":
        shown = json.loads(done.stdout)
        assert shown["works_offline_until"] is None
        assert [row["area"] for row in shown["scope"] if row["status"] == "examined"] == ["sources", "foreign-layers"]
        assert all(row["hint"] for row in shown["scope"] if row["status"] != "examined")
    else:
        assert "Not examined: internal registry or archives (not declared)" in words


def test_lists_are_ready_for_the_area_images(folder: Path) -> None:
    done = auditor(*LISTS, "--format", "lines", cwd=folder)
    assert done.returncode == 0
    assert "READY for what was examined: images at their source, foreign layers. Not examined: " in done.stdout


def test_selection_of_two_checks_promises_nothing(folder: Path) -> None:
    done = auditor(*AUDIT, "--only", "image-absent", "--only", "image-duplicate", cwd=folder)
    assert done.returncode == 0
    assert "\nREADY for what was examined: parts of images at their source.\n" in done.stdout
    assert "images at their source (partly examined; switched off)" in " ".join(done.stdout.split())
    assert PROMISE not in done.stdout


@pytest.mark.parametrize("command", [AUDIT, LISTS])
@pytest.mark.parametrize(
    ("options", "code", "asked"),
    [
        (("--require", "sources"), 0, set()),
        (("--require", "sources", "--require", "foreign-layers"), 0, set()),
        (("--require", "storage"), 3, {"storage"}),
        (("--require", "storage", "--strict"), 1, {"storage"}),
        (("--require", "storage", "--require", "trust", "--require", "sources"), 3, {"storage", "trust"}),
        (("--require", "sources", "--only", "image-absent"), 3, {"sources"}),
    ],
)
def test_required_area_sets_the_exit_code_and_names_missing_areas(
    folder: Path, command: tuple[str, ...], options: tuple[str, ...], code: int, asked: set[str]
) -> None:
    done = auditor(*command, *options, "--format", "json", cwd=folder)
    assert done.returncode == code, done.stderr
    shown = json.loads(done.stdout)
    assert {row["subject"]["id"] for row in shown["undetermined"] if row["check"] == "scope-required"} == asked
    assert {row["area"] for row in shown["scope"] if row["required"]} == {*options[1::2]} & {
        row["area"] for row in shown["scope"]
    }


def test_require_site_needs_every_area_and_text_lists_missing_ones(folder: Path) -> None:
    done = auditor(*AUDIT, "--require", "site", "--verbose", cwd=folder)
    assert done.returncode == 3
    words = " ".join(done.stdout.split())
    assert words.startswith("UNDETERMINED: ")
    assert "the area copies (internal registry or archives) is required, but not declared." in words


def test_plan_key_and_option_for_required_areas_are_combined(folder: Path) -> None:
    (folder / "plan.yaml").write_text(f"{PLAN}require: [storage]\n")
    done = auditor(*AUDIT, "--require", "trust", "--format", "json", cwd=folder)
    assert done.returncode == 3
    assert [row["subject"]["id"] for row in json.loads(done.stdout)["undetermined"]] == ["storage", "trust"]


def test_error_has_priority_over_a_required_area(folder: Path) -> None:
    (folder / "plan.yaml").write_text(f"{PLAN}require: [site]\n".replace("linux/amd64", "linux/arm64"))
    done = auditor(*AUDIT, cwd=folder)
    assert done.returncode == 1
    assert "\nNOT READY: 1 error" in done.stdout
    assert done.stdout.endswith("This environment will not work offline.\n")


def test_unknown_area_is_rejected_with_the_list_of_areas(folder: Path) -> None:
    done = auditor(*AUDIT, "--require", "storag", cwd=folder)
    assert done.returncode == 2
    assert "--require storag: there is no such area" in done.stderr
    assert "Did you mean storage?" in done.stderr
    assert "site, sources, copies, node-access" in done.stderr
    (folder / "plan.yaml").write_text(f"{PLAN}require: [storag]\n")
    done = auditor(*AUDIT, cwd=folder)
    assert done.returncode == 2
    assert "plan.yaml:4:11: item 1 of require: 'storag' is not one of 'site', 'sources'" in done.stderr
    assert "did you mean storage?" in done.stderr


def test_each_site_of_a_fleet_states_its_examined_areas(folder: Path) -> None:
    (folder / "other.yaml").write_text(f"{PLAN}require: [storage]\n")
    options = ("--only", "image-reference-invalid", "--offline", "--format", "html=out", "--require", "trust")
    done = auditor("audit", "plan.yaml", "other.yaml", *options, cwd=folder)
    assert done.returncode == 3
    assert "Areas examined" in done.stdout
    assert done.stdout.count("0 of 10") == 2
    index = (folder / "out/index.html").read_text()
    assert '<abbr title="TLS trust per pool">trust</abbr>' in index
    assert "TLS trust per pool: not declared" in index
    assert PROMISE not in index


def test_required_areas_apply_to_each_list(folder: Path) -> None:
    options = ("--each", "--platform", "linux/amd64", "--offline", "--format", "lines", "--require", "storage")
    done = auditor("audit", "images.txt", *options, cwd=folder)
    assert done.returncode == 3
    assert "the area storage (storage per stage) is required, but not declared." in done.stdout


def test_diff_reports_an_area_that_is_no_longer_examined(folder: Path) -> None:
    auditor(*AUDIT, "--format", "json=whole.json", cwd=folder)
    auditor(*AUDIT, "--skip", "image-absent", "--format", "json=part.json", cwd=folder)
    done = auditor("diff", "whole.json", "part.json", cwd=folder)
    assert done.returncode == 0
    assert "Areas no longer examined (1)\n  ! sources: examined -> switched-off\n" in done.stdout
    back = auditor("diff", "part.json", "whole.json", "--format", "json", cwd=folder)
    changed = [{"area": "sources", "old": "switched-off", "new": "examined"}]
    assert json.loads(back.stdout)["scope"] == {"changed": changed}


def test_older_report_without_a_scope_is_read(folder: Path) -> None:
    auditor(*AUDIT, "--format", "json=new.json", cwd=folder)
    old = json.loads((folder / "new.json").read_text())
    del old["scope"], old["works_offline_until"]
    (folder / "old.json").write_text(json.dumps(old))
    done = auditor("diff", "old.json", "new.json", cwd=folder)
    assert (done.returncode, "Areas" in done.stdout) == (0, False)
    assert auditor(*AUDIT, "--baseline", "old.json", cwd=folder).returncode == 0
    assert auditor("fix", "old.json", "--output", "fixed", cwd=folder).returncode == 0


def test_explain_prints_the_page_of_the_rule(folder: Path) -> None:
    done = auditor("explain", "scope-required", cwd=folder)
    assert done.returncode == 0
    assert "--require" in done.stdout
