"""The JSON Schema and the starter plan match the loader, and every key has a description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from auditor.errors import PlanError
from auditor.plan.load import load_plan
from auditor.plan.schema import json_schema
from auditor.plan.starter import starter_plan
from tests.plan.made import WHOLE


def _keys(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        for key, value in schema.get("properties", {}).items():
            yield f"{path}.{key}", value
        for key, value in schema.items():
            yield from _keys(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for value in schema:
            yield from _keys(value, path)


def test_every_schema_key_has_a_description() -> None:
    keys = dict(_keys(json_schema()))
    assert len(keys) > 50
    assert not [path for path, value in keys.items() if len(value.get("description", "")) < 8]


def test_starter_plan_loads_with_each_part_uncommented(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(starter_plan())
    assert load_plan(tmp_path / "plan.yaml").name == "my-site"
    (tmp_path / "plan.yaml").write_text(starter_plan().replace("#| ", ""))
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    assert {problem.message.split(": ")[1] for problem in caught.value.problems} == {"there is no such file"}


def test_schema_accepts_complete_plans_and_rejects_misspelt_ones() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for text in (WHOLE, starter_plan(), starter_plan().replace("#| ", "")):
        jsonschema.validate(_as_json(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_as_json(WHOLE.replace("horizon", "horizno")), schema)


def _as_json(text: str) -> object:
    return yaml.load(text, Loader=_DatesAsText)  # noqa: S506 - SafeLoader without dates


class _DatesAsText(yaml.SafeLoader):
    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
