"""Loading the notebook libraries without what they never use here."""

from __future__ import annotations

import sys


def nbformat_quickly() -> None:
    """Import nbformat without building the grammar of international addresses.

    nbformat loads jsonschema, which loads ``rfc3987_syntax`` if it can, and that compiles a grammar for
    over a second at each start. Notebooks have no such addresses in their schema, and jsonschema does
    without it when it is absent. Nothing happens when jsonschema is loaded already.
    """
    name = "rfc3987_syntax"
    if "jsonschema" in sys.modules or name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        import nbformat  # noqa: F401
    finally:
        del sys.modules[name]
