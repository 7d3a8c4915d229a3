"""Which JSON Schema (draft 2020-12) describes the JSON of a Python type?

Types are those that JSON has: None, bool, int, float, str, `Any`, `Literal`, unions, lists, tuples, mappings with text
keys, and TypedDicts, which become named schemas; `bytes` is a file in a form. `Annotated[T, "words"]` adds words.
"""

import types
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

JsonSchema = dict[str, Any]
SIMPLE: dict[Any, JsonSchema] = {
    Any: {},
    object: {},
    None: {"type": "null"},
    type(None): {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bytes: {},  # OpenAPI 3.1: a part of a form that is binary has no type
}


class SchemaWriter:
    """Writes schemas; `named` collects those of the TypedDicts on the way, by their class names."""

    def __init__(self, refer_to: str = "#/components/schemas/") -> None:
        self.named: dict[str, JsonSchema] = {}
        self._refer_to = refer_to
        self._written: dict[str, Any] = {}

    def write(self, kind: Any) -> JsonSchema:
        """Give the schema of a type.

        Raises:
            TypeError: JSON has no such type, or two TypedDicts bear the same name.
        """
        if kind in SIMPLE:
            return dict(SIMPLE[kind])
        if is_typeddict(kind):
            return self._refer(kind)
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return {**self.write(inner[0]), "description": inner[1]}
        if origin in (Required, NotRequired):
            return self.write(inner[0])
        if origin is Literal:
            return {"enum": list(inner)}
        if origin in (Union, types.UnionType):
            return {"anyOf": [self.write(part) for part in inner]}
        if origin is tuple:
            return self._tuple(inner)
        if origin in (list, Sequence):
            return {"type": "array", "items": self.write(inner[0])}
        if origin in (dict, Mapping) and inner[0] is str:
            return {"type": "object", "additionalProperties": self.write(inner[1])}
        raise TypeError(f"{kind!r} has no JSON Schema here: use a TypedDict, or one of the types that JSON has.")

    def fields(self, kind: type) -> dict[str, tuple[JsonSchema, bool]]:
        """Give the fields of a TypedDict: its schema, and whether it must be there."""
        hints = get_type_hints(kind, include_extras=True)
        required: frozenset[str] = kind.__required_keys__  # type: ignore[attr-defined]
        return {name: (self.write(hint), name in required) for name, hint in hints.items()}

    def _refer(self, kind: Any) -> JsonSchema:
        name = kind.__name__
        if self._written.setdefault(name, kind) is not kind:
            raise TypeError(f"Two TypedDicts are named {name}: rename one of them.")
        if name not in self.named:
            self.named[name] = {}  # found by types that hold themselves
            fields = self.fields(kind)
            self.named[name] |= {
                "type": "object",
                **({"description": kind.__doc__} if kind.__doc__ else {}),
                "properties": {field: schema for field, (schema, _) in fields.items()},
                "required": [field for field, (_, required) in fields.items() if required],
            }
        return {"$ref": self._refer_to + name}

    def _tuple(self, inner: tuple[Any, ...]) -> JsonSchema:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return {"type": "array", "items": self.write(inner[0])}
        items = [self.write(part) for part in inner]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
