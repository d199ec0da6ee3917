"""What the workbench makes of a whole market besides factors: technical indicators, the layered score, signals."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from workbench import markets, signals
from workbench.factors import identity, technicals
from workbench.signals import layered
from workbench.studies import signalling
from workbench.studies.proof import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.factors import FactorSet, Scores
    from workbench.lake import Panel
    from workbench.studies.proof.values import Grid
    from workbench.studies.proof.worlds import World


def build(name: str, world: World) -> Sequence[Grid]:
    """Values of the layered score or of the indicators."""
    if name == "technicals":
        panel = _panel(world, ("high", "low", "close"))
        first = panel.dates[panel.start].item()
        return values.grids(technicals.technicals(panel).to_polars(first), name, world.regions)
    indexes, rules = signalling.region_series(world.lake), signalling.load_rules()
    return values.grids(layered.from_panel(_panel(world, layered.FIELDS), indexes, rules), name, world.regions)


def code(name: str) -> str:
    """Hash of what makes them."""
    function = technicals.technicals if name == "technicals" else layered.from_panel
    return hashlib.sha256(identity.text(function).encode()).hexdigest()[:16]


def of_scores(scores: Scores, chosen: FactorSet, regions: Sequence[str]) -> Sequence[Grid]:
    """Signals of a factor set."""
    found = signals.from_scores(scores, chosen, signalling.load_rules())
    return values.grids(found, "signal", regions)


def _panel(world: World, fields: tuple[str, ...]) -> Panel:
    """A panel with the warm-up that averages without an end need."""
    since = technicals.warmup_start(world.start)
    warmup = max(
        len(markets.session_array(region, max(since, markets.first_known(region)), world.start))
        for region in world.regions
    )
    return world.lake.panel(
        world.regions, start=world.start, end=world.end, fields=fields, adjust="total", warmup=warmup
    )
