"""Sample and real prices never share a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.lake import Lake

SAMPLE = "sample"


def guard_mixing(lake: Lake, sources: Sequence[str]) -> None:
    """Refuse to bring sample prices and real prices into one lake.

    Raises
    ------
    ConfigError
        If ``sources`` and what the lake holds are not of one kind.
    """
    held = lake.sources()
    both = {*held, *sources}
    if SAMPLE in both and len(both) > 1:
        raise ConfigError(
            f"The lake {lake.root} holds rows of {', '.join(held) or 'nobody'}, and rows of {', '.join(sources)} are "
            "to be added: sample and real prices never share a lake.",
            hint="Set WORKBENCH_LAKE to another folder.",
        )
