"""A key of the plan is declared once: the schema, the validation and the conversion derive from its field."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import ValidationError

from auditor.errors import Location
from auditor.plan.convert import to_plan
from auditor.plan.fields import FORMS
from auditor.plan.keys import Key, PlanSection, SingleKeySection, ValueForm, keys_of
from auditor.plan.model import Plan
from auditor.plan.names import FILES
from auditor.plan.problems import from_validation
from auditor.plan.schema import attribute, model_of
from auditor.plan.tree import Tree, parse_tree


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy."""

    SECTION: ClassVar = PlanSection("ProxyPart")

    host: Annotated[str, Key("its host and port", ValueForm.HOST)]
    location: Location
    ca: Annotated[str, Key("the CA that signed its certificate", ValueForm.FILE)] = ""


@dataclass(frozen=True, slots=True)
class Extended(Plan):
    """A plan with three more keys, each declared by one field."""

    contact: Annotated[str, Key("who operates the site", ValueForm.TEXT)] = ""
    proxies: Annotated[tuple[Proxy, ...], Key("the proxies of the site")] = ()
    spare: Annotated[
        int | None,
        Key(
            "the spare disk",
            ValueForm.SIZE,
            inside=SingleKeySection("SparePart", "A spare disk.", "disk", "its size", required=True),
        ),
    ] = None


TEXT = b"""\
version: 1
pools: {a: {platform: linux/amd64}}
contact: operations
proxies: [{host: "proxy.local:3128", ca: certs/proxy.pem}]
spare: {disk: 2TB}
"""


def problems_of(text: bytes) -> list[str]:
    tree = parse_tree("plan.yaml", text)
    model = model_of(Extended)
    with pytest.raises(ValidationError) as caught:
        model.model_validate(tree.data)
    return [str(problem) for problem in from_validation(caught.value, model, tree, lambda keys: place(tree, keys))]


def place(tree: Tree, keys: tuple[str | int, ...]) -> Location:
    return tree.locations[".".join(map(str, keys))]


def test_new_key_is_validated_and_becomes_a_value_with_its_location() -> None:
    tree = parse_tree("plan.yaml", TEXT)
    model = model_of(Extended).model_validate(tree.data)
    plan = to_plan(model, "plan.yaml", "", tree.locations, Extended)
    assert isinstance(plan, Extended)
    assert (plan.contact, plan.spare) == ("operations", 2 * 10**12)
    assert plan.proxies == (Proxy("proxy.local:3128", Location("plan.yaml", 4, 11), "certs/proxy.pem"),)


def test_new_key_is_in_the_schema_and_in_error_messages() -> None:
    schema = model_of(Extended).model_json_schema(by_alias=True)
    assert schema["properties"]["contact"]["description"] == "who operates the site"
    assert schema["$defs"]["SparePart"]["required"] == ["disk"]
    (misspelt,) = problems_of(TEXT.replace(b"contact:", b"contcat:"))
    assert misspelt == "plan.yaml:3:1: unknown key 'contcat' (did you mean contact?)"
    (wrong,) = problems_of(TEXT.replace(b"2TB", b"2T"))
    assert "is ambiguous" in wrong


def parts() -> list[type[Any]]:
    found: list[type[Any]] = [Plan]
    for part in found:
        found += [one.part for one in keys_of(part) if one.part is not None and one.part not in found]
    return found


def test_every_form_has_a_type_and_is_used() -> None:
    used = {form for part in parts() for one in keys_of(part) for form in (one.key.form, one.key.by) if form is not None}
    assert set(FORMS) == set(ValueForm)
    assert used == set(ValueForm)


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.__name__)
def test_every_field_that_a_plan_can_set_is_a_key(part: type[Any]) -> None:
    """The other fields hold the location of the part, or the loader sets them."""
    others = {"location", "origin", "port", "path", "sha256", "files", "left_out", "locations"}
    by_name = {"Pool": {"name"}, "SourceRegistry": {"host"}}.get(part.__name__, set())
    declared = {one.field for one in keys_of(part)}
    assert {field.name for field in dataclasses.fields(part)} == declared | by_name | (others & set(part.__slots__))
    assert set(model_of(part).model_fields) == {attribute(one.name) for one in keys_of(part)}


def test_files_of_declared_keys_are_read() -> None:
    keys = {key.pattern: key for key in FILES}
    assert len(keys) == len(FILES) == 21
    assert keys["images", "*", "list"].is_list
    assert keys["workloads", "*", "operator_images", "*"].is_list
    assert not keys["waivers",].is_list
    assert keys["waivers",].is_single
    assert keys["pools", "*", "kubeconfig"].is_single
    assert not keys["workloads", "*", "manifests"].is_single
    assert not any("archives" in pattern for pattern in keys)
