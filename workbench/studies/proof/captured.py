"""Data that a function brings along: they do not come from the lake it is given, so no altered lake reaches them."""

from __future__ import annotations

import functools
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from workbench.studies.proof.reads import reads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: From so many numbers or entries on a constant is data.
MANY = 100
#: Classes whose objects hold data of a lake or give access to one, by the module that defines them.
_HOLDERS = (
    "workbench.lake.",
    "workbench.factors.scores",
    "workbench.backtests.",
    "polars.",
    "pandas.",
    "pyarrow.",
    "duckdb",
)
_CLASSES = ("workbench.lake.universe_rules",)


def captured(function: Callable[..., Any]) -> list[tuple[str, str]]:
    """Names and descriptions of the data that a function holds in its closure, its globals, defaults or attributes.

    Calls that read a file or open a lake are among them. Followed are functions of
    the same module that it names; not those of libraries.
    """
    found: dict[str, str] = {}
    _follow(function, found, set())
    return sorted(found.items())


def _follow(function: Any, found: dict[str, str], seen: set[int]) -> None:
    if id(function) in seen:
        return
    seen.add(id(function))
    for name, value in held(function):
        told = _data(value)
        if told:
            found.setdefault(name, told)
        elif is_followed(value, function):
            _follow(value, found, seen)
    plain = _plain(function)
    if plain is not None:
        cells = {name: value for name, value in held(plain) if name in plain.__code__.co_freevars}
        for name, told in reads(plain.__code__, plain.__globals__ | cells):
            found.setdefault(name, told)


def is_followed(value: Any, user: Any) -> bool:
    """Whether what a function names is code of its own module."""
    return (isinstance(value, FunctionType | functools.partial) or hasattr(value, "cache_clear")) and _same_module(
        value, user
    )


def _plain(function: Any) -> FunctionType | None:
    function = getattr(function, "py_func", function)
    function = getattr(function, "__wrapped__", function) if hasattr(function, "cache_clear") else function
    function = getattr(function, "__func__", function)
    return function if isinstance(function, FunctionType) else None


def _same_module(value: Any, user: Any) -> bool:
    home = getattr(user, "__module__", None)
    return getattr(value, "__module__", home) == home or isinstance(value, functools.partial)


def held(function: Any) -> Iterator[tuple[str, Any]]:
    """Everything that a callable refers to besides its arguments."""
    function = getattr(function, "py_func", function)
    function = getattr(function, "__wrapped__", function) if hasattr(function, "cache_clear") else function
    if isinstance(function, functools.partial):
        yield from ((f"argument {number}", value) for number, value in enumerate(function.args))
        yield from function.keywords.items()
        yield "function", function.func
        return
    if hasattr(function, "__self__") and not isinstance(function.__self__, ModuleType):
        yield from vars(function.__self__).items() if hasattr(function.__self__, "__dict__") else ()
        function = function.__func__ if hasattr(function, "__func__") else function
    if not isinstance(function, FunctionType):
        yield from vars(function).items() if hasattr(function, "__dict__") else ()
        call = vars(type(function)).get("__call__")
        if isinstance(call, FunctionType):
            yield "__call__", call
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            continue
    yield from ((f"default {number}", value) for number, value in enumerate(function.__defaults__ or ()))
    yield from (function.__kwdefaults__ or {}).items()
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _names(code: Any) -> set[str]:
    inner = (_names(one) for one in code.co_consts if hasattr(one, "co_names"))
    return set(code.co_names).union(*inner)


def _data(value: Any) -> str:
    """What kind of data a value is; empty for what is none."""
    if isinstance(value, type | ModuleType | FunctionType):
        return ""
    home = f"{type(value).__module__}."
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and hasattr(value, "dtype"):
        count = 1
        for length in shape:
            count *= length
        return f"an array of {count:,} values" if count >= MANY else ""
    if isinstance(value, dict | list | tuple | set | frozenset):
        if any(_data(one) for one in (value.values() if isinstance(value, dict) else value)):
            return f"a {type(value).__name__} of data"
        return f"a {type(value).__name__} of {len(value):,} entries" if len(value) >= MANY else ""
    if home.startswith(_HOLDERS) and not home.startswith(_CLASSES) and not callable(value):
        return f"a {type(value).__name__}"
    return ""
