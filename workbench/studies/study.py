"""Backtest a strategy on a lake: the only way to a reported number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from workbench import backtests, markets
from workbench.backtests import performance
from workbench.backtests.costs import KINDS
from workbench.errors import ConfigError
from workbench.schemas import TABLES
from workbench.studies import composites, parameters, selection, trials
from workbench.studies.proof import certificate
from workbench.studies.result import UNPROVEN, Result
from workbench.studies.strategy import Strategy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from workbench.backtests import BacktestRun
    from workbench.lake import Lake
    from workbench.lake.panel import Panel

CAPITAL = 1e6
BENCHMARK = (
    "The benchmark holds every member at equal weight, regions at equal parts: bought on the strategy's own dates at "
    "the same closes, drifting in between, without costs."
)
FRACTIONAL = (
    "It starts with {:,.0f} {}. Positions are fractional: board lots, ticks and the volume of the market are not "
    "applied yet, so that figures do not depend on the amount."
)
_BENCHMARK = ("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "positive_months")


@dataclass(frozen=True)
class Plan:
    """A study that is ready to be evaluated: names checked, the moment of the lake fixed."""

    strategy: Strategy
    lake: Lake
    regions: tuple[str, ...]
    start: date | None
    end: date | None
    engine: str
    currency: str
    local: bool


def backtest(
    strategy: Strategy | str,
    lake: Lake,
    regions: str | Sequence[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    engine: str | None = None,
    hypothesis: str | None = None,
) -> Result:
    """Evaluate a strategy, and count the trial.

    Parameters
    ----------
    strategy : Strategy or str
        From a file or built in code; or its name in ``params/strategies/``.
    lake : Lake
        Read at one moment: the pinned one, or now.
    regions : str or sequence of str, optional
        Some of the strategy's regions; None takes all.
    start, end : date or ISO text, optional
        The first decision falls on the first rebalance date from ``start`` on; None takes all the lake has.
    engine : str, optional
        None takes the default engine.
    hypothesis : str, optional
        None takes the strategy's own sentence.

    Returns
    -------
    Result
        Net of the dated costs of each region.

    Raises
    ------
    ConfigError
        Regions or dates that cannot be used; nothing is counted then.
    BacktestError, DataError, ModelError
        The evaluation failed; it is counted as a failed trial.

    Notes
    -----
    Timing: decided at the close of each region's last session of the period, traded at the close of its
    next session, at that day's costs.
    """
    chosen = Strategy.load(strategy) if isinstance(strategy, str) else strategy
    plan = _plan(chosen, lake, regions, start, end, engine)
    trial = _trial(plan, hypothesis or chosen.hypothesis)
    outcome = trials.Outcome("failed", {}, [])
    try:
        result = _evaluate(plan, trial.id)
        daily = performance.returns(result.equity["equity"].to_numpy())
        outcome = trials.Outcome("succeeded", result.stats, daily.tolist())
        trial = replace(trial, start=result.equity["date"][0], end=result.equity["date"][-1])
    except (KeyboardInterrupt, SystemExit):
        outcome = trials.Outcome("interrupted", {}, [])
        raise
    finally:
        trials.record(lake, trial, outcome)
    result = _certified(replace(result, trials=trials.count(lake, trial)), plan)
    _store(lake, result)
    return result


def _plan(
    strategy: Strategy,
    lake: Lake,
    regions: str | Sequence[str] | None,
    start: str | date | None,
    end: str | date | None,
    engine: str | None,
) -> Plan:
    asked = (regions,) if isinstance(regions, str) else tuple(regions or strategy.regions)
    chosen = markets.check_regions(list(asked))
    outside = [region for region in chosen if region not in strategy.regions]
    if outside:
        raise ConfigError(
            f"{strategy.name} is not meant for {', '.join(outside)}.",
            hint=f"Choose among {', '.join(strategy.regions)}, or change its YAML.",
        )
    first, last = (parameters.day(value, name) for value, name in ((start, "start"), (end, "end")))
    if first and last and first >= last:
        raise ConfigError(f"start={first} is not before end={last}.", hint="Swap or change them.")
    name = engine or backtests.DEFAULT_ENGINE
    backtests.get_engine(name)
    local = markets.get(chosen[0]).currency if len(chosen) == 1 else "USD"
    currency = strategy.currency or local
    view = lake if lake.pinned else lake.at(lake.snapshot())
    return Plan(strategy, view, chosen, first, last, name, currency, len(chosen) == 1 and currency == local)


def _trial(plan: Plan, hypothesis: str) -> trials.Trial:
    strategy = plan.strategy
    asked = (hypothesis, plan.regions, plan.start, plan.end, plan.engine, plan.currency)
    return trials.Trial(
        id=trials.identity(plan.lake, strategy.content_hash, *asked),
        hypothesis=hypothesis,
        strategy=strategy.name,
        strategy_hash=strategy.content_hash,
        parameters=strategy.model_dump_json(exclude={"hypothesis"}),
        universe=f"{strategy.universe or 'all'} in {' '.join(plan.regions)}",
        snapshot=plan.lake.snapshot().id,
        engine=plan.engine,
        start=plan.start,
        end=plan.end,
    )


def _evaluate(plan: Plan, identity: str) -> Result:
    """Panel, scores, targets, run, statistics; the number of trials is filled in by the caller."""
    chosen = plan.strategy.factor_set
    local = composites.load(chosen, plan.lake, plan.regions, plan.start, plan.end, plan.strategy.universe)
    panel = local if plan.local else _converted(plan)
    few = selection.too_few(plan.strategy, plan.regions, local)
    scores = composites.scored(chosen, local, plan.start, plan.end)
    decided = selection.targets(scores.composite, plan.strategy)
    done = backtests.run(decided, panel, engine=plan.engine, capital=CAPITAL)
    equity = _with_benchmark(done, panel, decided)
    dates = done.dates
    cost = sum((equity[kind].to_numpy() for kind in KINDS), np.zeros(len(dates)))
    benchmark = equity["benchmark"].to_numpy()
    nothing = np.zeros(len(dates))
    told = FRACTIONAL.format(CAPITAL, plan.currency)
    passive = performance.statistics(dates, benchmark, nothing, nothing)
    return Result(
        id=identity,
        strategy=plan.strategy,
        regions=plan.regions,
        currency=plan.currency,
        engine=plan.engine,
        equity=equity,
        stats=performance.statistics(dates, equity["equity"].to_numpy(), equity["turnover"].to_numpy(), cost),
        benchmark_stats={name: passive[name] for name in _BENCHMARK},
        fills=done.fills,
        waterfall=backtests.waterfall(equity),
        targets=decided,
        holdings=_holdings(done),
        trials=0,
        proven=False,
        notes=tuple(dict.fromkeys((UNPROVEN, BENCHMARK, told, *few, *done.notes, *scores.notes))),
    )


def _certified(result: Result, plan: Plan) -> Result:
    """The result with what the leak prover says of its strategy in place of the note that nothing is proven."""
    found = certificate(plan.strategy, plan.lake, plan.regions)
    if found is None:
        return result
    notes = tuple(found.text if note == UNPROVEN else note for note in result.notes)
    return replace(result, proven=found.causal, notes=notes, certificate=found)


def _converted(plan: Plan) -> Panel:
    """Prices in the strategy's currency, in the same rows and columns as those that are scored in local money."""
    return plan.lake.panel(
        plan.regions,
        end=plan.end,
        fields=("close",),
        universe=plan.strategy.universe,
        adjust="total",
        currency=plan.currency,
        **composites.spans(plan.strategy.factor_set, plan.start),
    )


def _with_benchmark(done: BacktestRun, panel: Panel, decided: backtests.Targets) -> pl.DataFrame:
    import polars as pl

    benchmark = CAPITAL * backtests.equal_weight(panel, decided)
    falls: NDArray[np.float64] = performance.drawdown(done.equity["equity"].to_numpy())
    return done.equity.with_columns(
        pl.Series("benchmark", benchmark),
        pl.Series("drawdown", falls),
        pl.Series("benchmark_drawdown", performance.drawdown(benchmark)),
    ).select("date", "equity", "benchmark", "drawdown", "benchmark_drawdown", "cash", "turnover", *KINDS)


def _holdings(done: BacktestRun) -> pl.DataFrame:
    import polars as pl

    last = done.weights[-1]
    held = np.flatnonzero(last > 1e-12)
    names = [done.tickers[number] for number in held]
    frame = pl.DataFrame(
        {"region": [name.split(":", 1)[0] for name in names], "ticker": names, "weight": last[held]},
        schema={"region": pl.String, "ticker": pl.String, "weight": pl.Float64},
    )
    return frame.sort(["weight", "ticker"], descending=[True, False])


def _store(lake: Lake, result: Result) -> None:
    """The curve, so that a later page can show it without computing it again."""
    import polars as pl

    if trials.replaying():
        return
    frame = result.equity.select(
        pl.lit(result.id).alias("id"), "date", "equity", "cash", "turnover", cost=pl.sum_horizontal(KINDS)
    )
    lake.live().publish("backtest_results", frame.select(list(TABLES["backtest_results"].columns)))
