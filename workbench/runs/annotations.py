"""Reading type annotations of a parameters cell without running it."""

from __future__ import annotations

import ast
import types
from typing import Any, Literal, Optional, Union, get_args, get_origin

_NAMES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "object": Any,
    "Any": Any,
    "None": None,
    "List": list,
    "Dict": dict,
    "Optional": Optional,
    "Union": Union,
    "Literal": Literal,
}


class UnknownAnnotation(ValueError):
    """The annotation is none of the types a parameter can have; the message is its text."""


def resolve(node: ast.expr) -> Any:
    """Turn the syntax of an annotation into a type.

    Raises
    ------
    UnknownAnnotation
        The annotation uses a name beyond the builtin types and ``typing``'s Optional, Union, Literal.
    """
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str() as text):
            return resolve(ast.parse(text, mode="eval").body)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in _NAMES:
            return _NAMES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return resolve(left) | resolve(right)
        case ast.Subscript(value=value, slice=arguments):
            outer = resolve(value)
            items = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
            if outer is Literal:
                return Literal[tuple(ast.literal_eval(item) for item in items)]
            inner = tuple(resolve(item) for item in items)
            return outer[inner if len(inner) > 1 else inner[0]]
    raise UnknownAnnotation(ast.unparse(node))


def accepts_none(kind: Any) -> bool:
    """Say whether None is a value of the type."""
    return kind is Any or type(None) in get_args(kind)


def core_type(kind: Any) -> Any:
    """Return the plain type behind an optional or generic one: ``list`` of ``list[str] | None``."""
    if get_origin(kind) in (Union, types.UnionType):
        members = [member for member in get_args(kind) if member is not type(None)]
        return core_type(members[0]) if len(members) == 1 else kind
    if get_origin(kind) is Literal:
        values = {type(value) for value in get_args(kind)}
        return values.pop() if len(values) == 1 else kind
    return get_origin(kind) or kind


def type_name(kind: Any) -> str:
    """Return a type as one writes it."""
    if kind is Any:
        return "any type"
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind).replace("typing.", "")
