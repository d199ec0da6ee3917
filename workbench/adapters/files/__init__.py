"""The user's own files: a short YAML says what a file holds, which column is what, and in which unit.

``spec`` and ``rules`` are the specification, ``reading`` reads the files in windows, ``mapping`` makes our
columns of theirs, ``statements`` and ``fiscal`` make facts of periods from rows of filings, ``provider`` offers
prices of files as a provider. What is done with the rows stands in :mod:`workbench.collect.imports`.
"""

from __future__ import annotations

from workbench.adapters.files.loading import load_spec
from workbench.adapters.files.spec import FileSpec

__all__ = ["FileSpec", "load_spec"]
