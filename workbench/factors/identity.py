"""What a factor's code is: its function and what the function refers to, as one text to be hashed.

A result is replayed by the hash of what made it. In a notebook a cell is run again and again: the function
may stay as it is while the helper or the constant that it names has changed, so these count too. Comments,
docstrings and the decorator do not.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import textwrap
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Functions below this package count wherever they stand: a repaired window makes another factor.
OWN = "workbench.factors"
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def text(function: Callable[..., Any]) -> str:
    """The function, and all it reaches of its own module, of its closure and of :mod:`workbench.factors`.

    Followed are the functions and plain constants (numbers, texts, arrays, and tuples, lists, sets and
    dictionaries of them) that the code names as globals or holds in a closure, and the functions and
    constants that it names of a module below ``workbench.factors``. Code of other libraries is not followed:
    their versions stand in the run card. Of other objects only the type counts, since their text would
    change with every start of Python.
    """
    told: dict[int, str] = {}
    _follow(function, told)
    return "\n".join(told.values())


def _follow(function: Any, told: dict[int, str]) -> None:
    plain = _plain_function(function)
    if plain is None or id(plain) in told:
        return
    told[id(plain)] = _code(plain)
    lines = [told[id(plain)]]
    for name, value in _referred(plain):
        if _plain_function(value) is not None:
            if _is_own(_plain_function(value), plain):
                _follow(value, told)
        elif not isinstance(value, ModuleType):
            lines.append(f"{name}={_constant(value)}")
    told[id(plain)] = "\n".join(lines)


def _plain_function(value: Any) -> FunctionType | None:
    """The Python function below a decorator or a compiled one, None for anything else."""
    value = getattr(value, "py_func", value)
    value = inspect.unwrap(value) if callable(value) and hasattr(value, "__wrapped__") else value
    return value if isinstance(value, FunctionType) else None


def _is_own(value: FunctionType | None, user: FunctionType) -> bool:
    module = getattr(value, "__module__", None) or ""
    return module in (user.__module__, OWN) or module.startswith(f"{OWN}.")


def _referred(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values that the code refers to: closure, globals, defaults, names of own modules."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # a cell that is not filled yet
            continue
    for number, value in enumerate(function.__defaults__ or ()):
        yield f"default {number}", value
    yield from sorted((function.__kwdefaults__ or {}).items())
    names = sorted(_names(function.__code__))
    for name in sorted(_global_names(function.__code__)):
        if name not in function.__globals__:
            continue
        value = function.__globals__[name]
        yield name, value
        if isinstance(value, ModuleType) and f"{value.__name__}.".startswith(f"{OWN}."):
            yield from ((f"{name}.{part}", getattr(value, part)) for part in names if hasattr(value, part))


@functools.lru_cache(maxsize=4096)
def _global_names(code: CodeType) -> frozenset[str]:
    """Names that are looked up among the globals; an attribute may bear the name of a module loaded later."""
    inner = (_global_names(one) for one in code.co_consts if isinstance(one, CodeType))
    own = {str(one.argval) for one in dis.get_instructions(code) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return frozenset(own.union(*inner))


@functools.lru_cache(maxsize=4096)
def _names(code: CodeType) -> frozenset[str]:
    """Global and attribute names of a code object and of those within it."""
    inner = (_names(one) for one in code.co_consts if isinstance(one, CodeType))
    return frozenset(code.co_names).union(*inner)


@functools.lru_cache(maxsize=1024)
def _code(function: FunctionType) -> str:
    """The source without comments, docstrings and decorators; else the byte code of a function typed at a prompt."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # no source is kept, or a lambda in the midst of a statement
        return _bytes(function.__code__)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.decorator_list = []
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _bytes(code: CodeType) -> str:
    constants = [_bytes(one) if isinstance(one, CodeType) else repr(one) for one in code.co_consts]
    return f"{code.co_code.hex()}|{code.co_names}|{constants}"


def _constant(value: Any) -> str:
    """A plain value in full, anything else by its type."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return f"{value.dtype}{value.shape}{np.ascontiguousarray(value).tobytes().hex()}"
    if isinstance(value, np.generic):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({', '.join(map(_constant, value))})"
    if isinstance(value, set | frozenset):
        return f"{type(value).__name__}({', '.join(sorted(map(_constant, value)))})"
    if isinstance(value, dict):
        return f"dict({', '.join(f'{_constant(key)}: {_constant(one)}' for key, one in value.items())})"
    return f"<{type(value).__module__}.{type(value).__qualname__}>"
