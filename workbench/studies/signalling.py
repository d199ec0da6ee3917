"""Signals and technical indicators of a market, kept in the lake."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from workbench import markets, signals
from workbench.errors import NotEnoughHistory
from workbench.factors import technicals as indicators
from workbench.schemas import TABLES
from workbench.settings import REGIONS
from workbench.signals import SignalRules, layered
from workbench.studies import parameters, scoring, trials

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from workbench.factors import FactorSet, Scores
    from workbench.factors.technicals import Technicals
    from workbench.lake import Lake
    from workbench.lake.panel import Panel
    from workbench.signals import RegionSeries, Signals

#: Rows of one commit: the text of the layers of some millions of rows does not fit at once.
_COMMIT = 2_000_000


def load_rules(name: str | Path = "standard") -> SignalRules:
    """The rules of ``params/signals/<name>.yaml``, or of a file.

    Raises
    ------
    ConfigError
        With file, field and bound.
    """
    return parameters.load(SignalRules, "signals", name)


def signal(
    name: FactorSet | str,
    lake: Lake,
    regions: str | Sequence[str],
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    rules: SignalRules | str = "standard",
    scores: Scores | None = None,
    keep: bool = True,
) -> Signals:
    """Signals of a factor set or of the layered score, published as rows of ``signals``.

    Parameters
    ----------
    name : FactorSet or str
        A set, its name in ``params/factors/``, or ``layered``.
    lake : Lake
        Read at one moment: the pinned one, or now.
    regions : str or sequence of str
        Regions, each on its own sessions. The indexes of all regions are read whatever is asked for, so that a
        region's relative strength does not depend on it.
    start, end : date or ISO text, optional
        First and last date of the signals; the warm-up before ``start`` is read as well.
    rules : SignalRules or str
        Thresholds and weights, or their name in ``params/signals/``.
    scores : Scores, optional
        Of the set, as :func:`workbench.studies.score` returned them; if not given they are
        computed and published here.
    keep : bool
        False publishes nothing, for a look at signals under other rules.

    Returns
    -------
    Signals
        As published: they replace the set's signals of these dates, also where a name has none any more under
        these rules. A replay publishes nothing.

    Raises
    ------
    ConfigError
        Unknown set, or rules that break a bound.
    NotEnoughHistory
        There are no sessions from ``start`` to ``end``.

    Notes
    -----
    Timing: row t uses what was known at the close of t, and can be traded on the next session. A session that
    is signalled alone has the same numbers as within a run over ten years.
    """
    chosen = load_rules(rules) if isinstance(rules, str) else rules
    asked = markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    view = lake if lake.pinned else lake.at(lake.snapshot())
    if name == layered.NAME:
        found = layered.from_panel(_panel(view, asked, start, end, layered.FIELDS), region_series(view), chosen)
    else:
        factor_set = scoring.load_factor_set(name) if isinstance(name, str) else name
        if scores is None:
            scores = scoring.score(factor_set, view, asked, start, end)
        found = signals.from_scores(scores, factor_set, chosen)
    if keep and not trials.replaying():
        for part, region, days in _commits(found):
            lake.live().publish("signals", part, region=region, replace=days, within={"set": found.name})
    return found


def technicals(
    lake: Lake, regions: str | Sequence[str], start: str | date | None = None, end: str | date | None = None
) -> Technicals:
    """Moving averages, RSI, MACD, Bollinger bands and ATR, published as rows of ``technicals``.

    Parameters
    ----------
    lake : Lake
        Read at one moment: the pinned one, or now.
    regions : str or sequence of str
    start, end : date or ISO text, optional
        First and last date of the values; bars are read from two calendar years before on, so that a session
        that is computed alone has the bits of a full run.

    Returns
    -------
    Technicals
        From ``start`` on. A replay publishes nothing.
    """
    asked = markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    view = lake if lake.pinned else lake.at(lake.snapshot())
    panel = _panel(view, asked, start, end, ("high", "low", "close"))
    found = _from(indicators.technicals(panel), panel.start)
    if not trials.replaying():
        frame = _codes(found.to_polars()).select(list(TABLES["technicals"].columns))
        days = found.labels.dates[0].item(), found.labels.dates[-1].item()
        for region in found.labels.region_names():
            lake.live().publish("technicals", frame.filter(region=region), region=region, replace=days)
    return found


def _from(found: Technicals, row: int) -> Technicals:
    """Technicals without their warm-up."""
    labels = found.labels
    sessions = {region: flags[row:] for region, flags in labels.sessions.items()}
    values = {name: array[row:] for name, array in found.values.items()}
    return replace(found, labels=replace(labels, dates=labels.dates[row:], sessions=sessions), values=values)


def written(scores: Scores, found: Technicals, *made: Signals) -> pl.DataFrame:
    """How many rows of each region the three tables got.

    Returns
    -------
    polars.DataFrame
        region, first, last, sessions, tickers (with any score), score_rows, technical_rows, signal_rows.
    """
    import polars as pl

    rows = []
    there = scores.scored()
    for region in scores.labels.region_names():
        columns, flags = scores.labels.columns(region), scores.labels.sessions[region]
        days = scores.labels.dates[flags]
        some = np.zeros((len(found.labels.dates), int((np.array(found.labels.regions) == region).sum())), dtype=bool)
        for values in found.values.values():
            some |= ~np.isnan(values[:, found.labels.columns(region)])
        rows.append(
            {
                "region": region,
                "first": days[0].item() if len(days) else None,
                "last": days[-1].item() if len(days) else None,
                "sessions": len(days),
                "tickers": int(there[:, columns].any(axis=0).sum()),
                "score_rows": int(there[:, columns].sum()),
                "technical_rows": int(some.sum()),
                "signal_rows": sum(int((~np.isnan(one.score[:, one.labels.columns(region)])).sum()) for one in made),
            }
        )
    return pl.DataFrame(rows)


def named(frame: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Rows with a column ``name`` after the ticker: the company behind the code, as of its newest listing."""
    import polars as pl

    known = lake.read("tickers").sort("region", "ticker", "spell")
    label = pl.format("{}:{}", "region", "ticker") + pl.when(pl.col("spell") > 1).then(
        pl.format("#{}", "spell")
    ).otherwise(pl.lit(""))
    names = known.select(label.alias("ticker"), "name").unique("ticker", keep="last")
    place = frame.columns.index("ticker") + 1
    joined = frame.join(names, on="ticker", how="left", maintain_order="left")
    return joined.select(*frame.columns[:place], "name", *frame.columns[place:])


def region_series(lake: Lake, regions: Sequence[str] = REGIONS) -> dict[str, RegionSeries]:
    """The index of each region that the lake has one of, as a series of returns."""
    names = {region: markets.get(region).indexes for region in regions}
    return signals.from_frame(lake.read("indexes"), names)


def _panel(
    view: Lake,
    regions: Sequence[str],
    start: str | date | None,
    end: str | date | None,
    fields: tuple[str, ...],
) -> Panel:
    """A panel with the warm-up that the indicators need, which is the longest of all.

    It is asked for from the first row of the warm-up on: breadth in that time counts names that were delisted
    since, which a panel of later dates leaves out.
    """
    first = parameters.day(start, "start")
    since = None if first is None else indicators.warmup_start(first)
    panel = view.panel(regions, start=since, end=parameters.day(end, "end"), fields=fields, adjust="total")
    begin = 0 if first is None else int(np.searchsorted(panel.dates, np.datetime64(first, "D")))
    if begin >= len(panel.dates):
        raise NotEnoughHistory(
            f"There are no sessions between {first} and {end or 'the last'}.",
            hint="Collect these dates first, or ask for others.",
        )
    return replace(panel, start=begin)


def _commits(found: Signals) -> Iterator[tuple[pl.DataFrame, str, tuple[date, date]]]:
    """Rows to publish, region by region, some million at a time, and the days that they are all there is of.

    Tickers are the codes of the exchanges.
    """
    import polars as pl

    first, last = found.labels.dates[0].item(), found.labels.dates[-1].item()
    waiting: dict[str, list[pl.DataFrame]] = {region: [] for region in found.labels.region_names()}
    since = dict.fromkeys(waiting, first)
    for block in found.blocks():
        for (region,), part in _codes(block).group_by("region", maintain_order=True):
            parts = waiting[str(region)]
            parts.append(part)
            if sum(one.height for one in parts) >= _COMMIT:
                upto = part["date"].to_list()[-1]
                yield pl.concat(parts), str(region), (since[str(region)], upto)
                since[str(region)] = upto + timedelta(days=1)
                parts.clear()
    nothing = _codes(found.to_polars(start=date.max))
    for region, parts in waiting.items():
        if since[region] <= last:
            yield pl.concat([nothing, *parts]), region, (since[region], last)


def _codes(frame: pl.DataFrame) -> pl.DataFrame:
    """``KR:000001#2`` as the code of the exchange: two listings never trade on the same day."""
    import polars as pl

    code = pl.col("ticker").str.split_exact(":", 1).struct.field("field_1")
    return frame.with_columns(code.str.split_exact("#", 1).struct.field("field_0").alias("ticker"))
