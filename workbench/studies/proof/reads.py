"""Where a function reads by itself: a file, an address or another lake, which no altered lake reaches."""

from __future__ import annotations

import dis
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READERS = frozenset(
    {
        *(f"{how}_{what}" for how in ("read", "scan") for what in ("parquet", "csv", "ipc", "delta", "ndjson")),
        *(f"read_{what}" for what in ("pickle", "feather", "excel", "json", "hdf", "sql_query", "text", "bytes")),
        *("loadtxt", "genfromtxt", "fromfile", "memmap", "urlopen"),
    }
)
#: What is no reader by its name alone.
_LOADERS = frozenset({"load", "loads"})
_LOADING = ("numpy", "pickle", "joblib", "torch")
_FILES = ("open", "Lake")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_DEREF")


def reads(code: Any, names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names by which code reads for itself, and what that is.

    Parameters
    ----------
    code : code object
    names : mapping
        What its globals and its closure hold.
    """
    module = ""
    for step in dis.get_instructions(code):
        name = step.argval if isinstance(step.argval, str) else ""
        named = step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_FROM")
        if name in _READERS and step.opname != "LOAD_CONST":
            yield name, "reads a file by itself"
        elif name in _FILES and (named or (name == "Lake" and step.opname in _ATTRIBUTES)):
            yield name, "opens a lake by itself" if name == "Lake" else "reads a file by itself"
        elif name in _LOADERS and module in _LOADING:
            yield f"{module}.{name}", "reads a file by itself"
        if step.opname == "IMPORT_NAME":
            module = name.partition(".")[0]
        elif named or step.opname == "LOAD_DEREF":
            value = names.get(name)
            module = value.__name__.partition(".")[0] if isinstance(value, ModuleType) else ""
    for inner in code.co_consts:
        if hasattr(inner, "co_names"):
            yield from reads(inner, names)
