"""The layered score: regime of the region, structure of the stock, timing.

    score = Σ w_l L_l / Σ w_l,   L_l = Σ w_c C_c / Σ w_c

over the layers and components that are there, each 0 to 100. A layer needs components of at least half of its
weight; a score needs every layer that the rules call required. The points of a component are its weight times its
value over the weights that are there, so that the points of a row add up to its score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import ConfigError
from workbench.factors import technicals
from workbench.factors.scores import Labels
from workbench.signals import regime, series, structure, timing
from workbench.signals.result import Points, Signals, confidence, in_units
from workbench.signals.rules import LAYERS, SignalRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from workbench.lake.panel import Panel
    from workbench.signals.rules import Layer
    from workbench.signals.series import RegionSeries

    Array = NDArray[np.float64]

NAME = "layered"
FIELDS = ("high", "low", "close", "volume")


def from_panel(
    panel: Panel, indexes: Mapping[str, RegionSeries] | None = None, rules: SignalRules | None = None
) -> Signals:
    """The layered score of every stock of a panel.

    Parameters
    ----------
    panel : Panel
        Total-return closes, with high, low and volume. Rows before ``panel.start`` are the warm-up: they reach
        back to :func:`workbench.factors.technicals.warmup_start`, or as far as there are bars.
    indexes : mapping of str to RegionSeries, optional
        Indexes of regions, also of such that the panel does not hold: they are what a region's strength is
        measured against. None takes the panel's own; a region without one is measured by its members.
    rules : SignalRules, optional
        Weights and thresholds.

    Returns
    -------
    Signals
        From ``panel.start`` on; NaN where the stock is no member or did not trade, where a required layer is
        missing, and for a year after a move that is not to be believed (``panel.breaks``).

    Raises
    ------
    ConfigError
        The panel lacks a field, or is not adjusted for splits and dividends.

    Notes
    -----
    Timing: row t uses rows up to t of its region; of other regions, sessions that closed before.
    """
    chosen = rules or SignalRules()
    absent = [name for name in FIELDS if name not in panel.fields]
    if absent or panel.adjust != "total":
        what = f"has no {absent[0]}" if absent else f"has adjust={panel.adjust!r}"
        raise ConfigError(
            f"The layered score needs {', '.join(FIELDS)}, adjusted for splits and dividends; the panel {what}.",
            hint=f"Build it with fields={FIELDS} and adjust='total'.",
        )
    regions = tuple(panel.regions)
    sessions = {region: np.asarray(panel.sessions(region), bool) for region in dict.fromkeys(regions)}
    whole = Labels(np.asarray(panel.dates), tuple(panel.tickers), regions, sessions)
    rows = slice(panel.start, None)
    # Names that ended in the warm-up belong to its breadth, and have nothing to be scored.
    names = np.flatnonzero((~np.isnan(panel.raw("close")[rows])).any(axis=0))
    layers = {
        layer: {
            name: values[rows] if values.shape[1] == 1 else values[rows][:, names] for name, values in parts.items()
        }
        for layer, parts in _layers(panel, whole, series.of_panel(panel, indexes), chosen).items()
    }
    kept = {region: flags[rows] for region, flags in sessions.items()}
    tickers, own = tuple(whole.tickers[name] for name in names), tuple(regions[name] for name in names)
    labels = Labels(whole.dates[rows], tickers, own, kept)
    parts = LayerParts(layers, labels, chosen)
    score = np.full((len(labels.dates), len(labels.tickers)), np.nan)
    for row in range(0, len(score), 128):
        block = slice(row, row + 128)
        score[block] = parts.score(block)
    score = in_units(np.where(np.asarray(panel.member)[rows][:, names], score, np.nan))
    standing = confidence(score, labels, chosen.min_names)
    return Signals(NAME, labels, score, standing, chosen, parts, layers, (*panel.notes, *_told(labels, layers)))


def regimes(found: Signals) -> pl.DataFrame:
    """The first layer of each region on its last date: region, date, regime, and each component, 0 to 100.

    Parameters
    ----------
    found : Signals
        Layered ones.

    Raises
    ------
    ConfigError
        Signals of a factor set have no layers, or the rules have no regime.
    """
    import polars as pl

    if not isinstance(found.explanation, LayerParts) or "regime" not in found.rules.layers:
        raise ConfigError(f"{found.name} has no layer of the regime.", hint="Take the layered score.")
    rows = []
    for region in found.labels.region_names():
        parts = found.layers[f"regime:{region}"]
        seen = np.flatnonzero(found.labels.sessions[region])
        if len(seen):
            last = int(seen[-1])
            whole = found.explanation.layer("regime", slice(last, last + 1))
            value = float(whole[0, found.labels.columns(region)[0]])
            own = {name: float(values[last, 0]) for name, values in parts.items()}
            rows.append({"region": region, "date": found.labels.dates[last].item(), "regime": value, **own})
    return pl.DataFrame(rows).with_columns(pl.selectors.float().fill_nan(None))


def _layers(
    panel: Panel, labels: Labels, known: Mapping[str, RegionSeries], rules: SignalRules
) -> dict[str, dict[str, Array]]:
    """Components by layer, (T, N); those of a region's regime (T, 1) under ``regime:KR``."""
    shape = (len(labels.dates), len(labels.tickers))
    empty = {layer: {name: np.full(shape, np.nan) for name in rules.layers[layer].components} for layer in rules.layers}
    found: dict[str, dict[str, Array]] = {layer: empty[layer] for layer in LAYERS[1:] if layer in empty}
    indicators = technicals.technicals(panel)
    for region, rows in labels.sessions.items():
        cell = np.ix_(rows, labels.columns(region))
        traded = np.asarray(panel.traded)[cell]
        close = np.where(traded, panel["close"][cell], np.nan)
        volume = np.where(traded, panel["volume"][cell], np.nan)
        member = np.asarray(panel.member)[cell]
        believed = ~_recent(np.asarray(panel.breaks)[cell], structure.YEAR)
        days = labels.dates[rows]
        parts = {
            "regime": regime.components(region, days, close, member, known),
            "structure": structure.components(close),
            "timing": timing.components(
                close,
                volume,
                {name: indicators[name][cell] for name in timing.INDICATORS},
                member,
                rules.min_names,
            ),
        }
        for layer, rule in rules.layers.items():
            for name in rule.components:
                if layer == "regime":
                    column = np.full((shape[0], 1), np.nan)
                    column[rows, 0] = parts[layer][name]
                    found.setdefault(f"regime:{region}", {})[name] = column
                else:
                    found[layer][name][cell] = np.where(believed, parts[layer][name], np.nan)
    return found


def _recent(flags: NDArray[np.bool_], rows: int) -> NDArray[np.bool_]:
    """True where a flag stands on one of the last ``rows`` rows, row t included."""
    count = np.cumsum(flags, axis=0, dtype=np.int64)
    earlier = np.zeros_like(count)
    earlier[rows:] = count[:-rows]
    return np.asarray(count > earlier, dtype=bool)


def _told(labels: Labels, layers: Mapping[str, Mapping[str, Array]]) -> list[str]:
    """Components that are missing throughout, which leaves the others more weight."""
    notes = []
    for layer, parts in layers.items():
        region = layer.partition(":")[2]
        for name, values in parts.items():
            empty = [region] if region else labels.region_names()
            empty = [one for one in empty if np.isnan(values if region else values[:, labels.columns(one)]).all()]
            if empty:
                notes.append(f"{' '.join(empty)}: no {name} ({layer.partition(':')[0]}); the others count for more.")
    return notes


@dataclass(frozen=True, eq=False)
class LayerParts:
    """Weighs components into layers and layers into scores, and takes scores apart again."""

    layers: Mapping[str, Mapping[str, Array]]
    labels: Labels
    rules: SignalRules

    def score(self, rows: slice) -> Array:
        """Scores of some rows, 0 to 100; NaN where a required layer is missing."""
        made = {layer: self.layer(layer, rows) for layer in self.rules.layers}
        top, bottom = np.zeros(next(iter(made.values())).shape), self._weight(made)
        for layer, values in made.items():
            top += np.where(np.isnan(values), 0.0, self.rules.layers[layer].weight * np.nan_to_num(values))
        return np.where(bottom > 0.0, top / np.where(bottom > 0.0, bottom, 1.0), np.nan)

    def layer(self, layer: Layer, rows: slice) -> Array:
        """One layer of some rows, 0 to 100; NaN where components of more than half of its weight are missing."""
        parts = self._components(layer, rows)
        weight = self._there(layer, parts)
        total = np.zeros(weight.shape)
        for name, values in parts.items():
            total += self.rules.layers[layer].components[name] * np.nan_to_num(values)
        return np.where(np.isnan(weight), np.nan, total / weight)

    def points(self, rows: slice) -> Points:
        """Points by layer and component; see the module."""
        made = {layer: self.layer(layer, rows) for layer in self.rules.layers}
        bottom = self._weight(made)
        bottom = np.where(bottom > 0.0, bottom, np.nan)
        result: Points = {}
        for layer, rule in self.rules.layers.items():
            parts = self._components(layer, rows)
            share = rule.weight / bottom / self._there(layer, parts)
            result[layer] = {name: share * rule.components[name] * values for name, values in parts.items()}
        return result

    def _components(self, layer: Layer, rows: slice) -> dict[str, Array]:
        if layer != "regime":
            return {name: values[rows] for name, values in self.layers[layer].items()}
        shape = (len(self.labels.dates[rows]), len(self.labels.tickers))
        parts = {name: np.full(shape, np.nan) for name in self.rules.layers[layer].components}
        for region in self.labels.region_names():
            columns = self.labels.columns(region)
            for name, values in self.layers[f"regime:{region}"].items():
                parts[name][:, columns] = values[rows]
        return parts

    def _there(self, layer: Layer, parts: Mapping[str, Array]) -> Array:
        """Weight of the components that are there; NaN under half of the layer's."""
        weights = self.rules.layers[layer].components
        there = np.zeros(next(iter(parts.values())).shape)
        for name, values in parts.items():
            there += np.where(np.isnan(values), 0.0, weights[name])
        return np.where(there >= 0.5 * sum(weights.values()) - 1e-12, there, np.nan)

    def _weight(self, made: Mapping[Layer, Array]) -> Array:
        """Weight of the layers that are there; 0 where a required one is missing."""
        there = np.zeros(next(iter(made.values())).shape)
        complete = np.ones(there.shape, bool)
        for layer, values in made.items():
            rule = self.rules.layers[layer]
            there += np.where(np.isnan(values), 0.0, rule.weight)
            complete &= ~np.isnan(values) | (not rule.required)
        return np.where(complete, there, 0.0)
