"""What a function remembers between calls: taken back before each world, so that none sees what another one filled."""

from __future__ import annotations

import dis
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_MISSING = object()


class Memory:
    """Dictionaries, lists, sets, globals and cached functions that some functions can fill, as they are now.

    Parameters
    ----------
    functions : sequence of callable
        User code; the functions of its module that it names are followed.
    """

    def __init__(self, functions: Sequence[Callable[..., Any]]) -> None:
        self._containers: list[tuple[Any, Any]] = []
        self._globals: list[tuple[dict[str, Any], str, Any]] = []
        self._caches: list[Any] = []
        seen: set[int] = set()
        for function in functions:
            self._follow(function, seen)

    def restore(self) -> None:
        """Everything as it was, caches of functions empty."""
        for namespace, name, value in self._globals:
            if value is _MISSING:
                namespace.pop(name, None)
            else:
                namespace[name] = value
        for container, content in self._containers:
            container.clear()
            container.extend(content) if isinstance(container, list) else container.update(content)
        for cached in self._caches:
            cached.cache_clear()

    def _follow(self, function: Any, seen: set[int]) -> None:
        from workbench.studies.proof import captured

        if id(function) in seen:
            return
        seen.add(id(function))
        if hasattr(function, "cache_clear"):
            self._caches.append(function)
            function = getattr(function, "__wrapped__", function)
        plain = getattr(function, "py_func", function)
        if isinstance(plain, FunctionType):
            self._keep(vars(plain), seen)
            for name in _stored(plain.__code__):
                self._globals.append((plain.__globals__, name, plain.__globals__.get(name, _MISSING)))
        for _, value in captured.held(function):
            if isinstance(value, dict | list | set):
                self._keep(value, seen)
            elif hasattr(value, "cache_clear") or captured.is_followed(value, function):
                self._follow(value, seen)

    def _keep(self, container: Any, seen: set[int]) -> None:
        if id(container) not in seen:
            seen.add(id(container))
            self._containers.append((container, container.copy()))


def _stored(code: Any) -> Iterator[str]:
    """Names of the module that code assigns to."""
    for step in dis.get_instructions(code):
        if step.opname == "STORE_GLOBAL":
            yield step.argval
    for inner in code.co_consts:
        if hasattr(inner, "co_names"):
            yield from _stored(inner)
