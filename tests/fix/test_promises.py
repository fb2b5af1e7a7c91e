"""For every example of every check: a finding that a file fixes is not in the next audit."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from auditor.fix.fix_files import Joins
from auditor.testing import site_of
from checks import CATALOGUE
from tests.fix.made import after, found, written
from tests.test_catalogue import cases

EXAMPLES = list(cases())


@pytest.mark.parametrize(("check_id", "form"), EXAMPLES)
def test_finding_reported_as_fixed_is_resolved_and_not_reported_again(check_id: str, form: dict[str, Any]) -> None:
    assert check_id in {check.id for check in CATALOGUE}
    files = written(site_of(form))
    joined = {path: file for path, file in files.items() if file.joins not in {Joins.NOTHING, Joins.COPY, Joins.REGISTRY}}
    promised = {finding.fingerprint for file in joined.values() for finding in file.resolves}
    if not promised:
        return
    later = after(form, joined)
    assert not promised & found(later).keys()
    again = [file for file in written(site_of(later)).values() if file.joins is Joins.CONFIG and file.resolves]
    assert not {finding.fingerprint for file in again for finding in file.resolves} & promised


@pytest.mark.parametrize(("check_id", "form"), EXAMPLES)
def test_file_of_the_user_keeps_its_keys(check_id: str, form: dict[str, Any]) -> None:
    for file in written(site_of(form)).values():
        if file.before is None or not file.path.endswith((".yaml", ".yml", ".json")):
            continue
        before, made = yaml.safe_load(file.before) or {}, yaml.safe_load(file.text)
        assert before.keys() <= made.keys() | {"allow-nondistributable-artifacts"}, check_id
