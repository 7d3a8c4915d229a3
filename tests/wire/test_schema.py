"""Python types are written as the JSON Schemas that describe their JSON."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from jsonschema import Draft202012Validator

from engine.wire.schema import SchemaWriter


class Leaf(TypedDict):
    """A leaf."""

    name: Annotated[str, "what it is called"]
    size: NotRequired[int]


class Tree(TypedDict, total=False):
    leaves: list[Leaf]
    trees: "list[Tree]"


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (None, {"type": "null"}),
        (Any, {}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (list[bool], {"type": "array", "items": {"type": "boolean"}}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
        ),
        (tuple[str, ...], {"type": "array", "items": {"type": "string"}}),
        (Annotated[int, "bytes"], {"type": "integer", "description": "bytes"}),
    ],
)
def test_simple_types(kind, schema):
    assert SchemaWriter().write(kind) == schema


def test_typed_dicts_are_named_and_may_hold_themselves():
    writer = SchemaWriter("#/$defs/")
    schema = {**writer.write(Tree), "$defs": writer.named}
    Draft202012Validator.check_schema(schema)
    check = Draft202012Validator(schema)
    assert check.is_valid({"leaves": [{"name": "a"}, {"name": "b", "size": 3}], "trees": [{"trees": []}]})
    assert not check.is_valid({"leaves": [{"size": 3}]})
    assert not check.is_valid({"trees": [{"leaves": [{"name": 3}]}]})
    assert writer.named["Leaf"]["description"] == "A leaf."
    assert writer.named["Leaf"]["properties"]["name"]["description"] == "what it is called"


@pytest.mark.parametrize("kind", [set, object, dict[int, str], complex])
def test_what_json_has_not_is_refused(kind):
    if kind is object:
        assert SchemaWriter().write(kind) == {}
        return
    with pytest.raises(TypeError, match="has no JSON Schema"):
        SchemaWriter().write(kind)


def test_two_types_of_one_name_are_refused():
    writer = SchemaWriter()
    writer.write(Leaf)
    with pytest.raises(TypeError, match="named Leaf"):
        writer.write(TypedDict("Leaf", {"other": int}))
