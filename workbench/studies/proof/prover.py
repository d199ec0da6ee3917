"""The leak prover: build a result again in worlds whose future is another one, and see that no past value moves."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from workbench import markets, settings
from workbench.errors import ConfigError
from workbench.factors import registry
from workbench.research.combine.learn import one_thread
from workbench.studies import parameters
from workbench.studies.proof import keys, subjects, worlds
from workbench.studies.proof.examination import Examination
from workbench.studies.proof.findings import Proof

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from workbench.lake import Lake
    from workbench.studies.proof.subjects import Subject
    from workbench.studies.proof.values import Grid

    Grids = Mapping[str, Grid]

TIMINGS = ("close", "held")


def prove(
    target: Any,
    lake: Lake,
    regions: str | Sequence[str] | None = None,
    *,
    dates: Sequence[str | date] | None = None,
    seed: int = 0,
    timing: str = "close",
    fitted: bool = False,
    cuts: int = 3,
    tickers: int = 200,
) -> Proof:
    """Prove that a result uses nothing that was not known at its time.

    The target is built from the lake as it is, and again from lakes in which all that came after a moment is
    cut off, scrambled or revised (restated filings, splits, dividends, delistings, share counts, sectors,
    memberships), markets that close later on the moment's own date among it. What stood at the moment may not
    move: not by a bit, or by 1e-12 relative for what is fitted. Last, the past is scrambled: a result that
    does not move then does not come from the lake.

    Parameters
    ----------
    target : str, FactorSet, Strategy or callable
        Name of a factor, of a set in ``params/factors`` or of a strategy in ``params/strategies``; ``"all"`` for
        every one of them; a set or strategy; a factor function; a plain function of arrays, named like the
        inputs it needs (it may look back 252 sessions); or a function of (lake, regions, start, end) that gives
        back scores, signals, targets or a frame with date, ticker and value.
    lake : Lake
        Read at one moment and never written to.
    regions : str or sequence of str, optional
        None takes all that the lake has (of a strategy, those it is meant for).
    dates : sequence of date or ISO text, optional
        Days at whose close the future is altered. None chooses ``cuts`` days of the last year and a half on
        which leaks bite: before splits, filings, changes of sector and delistings, after the end of a quarter.
    seed : int
        Of the scrambled values and of the choice of codes.
    timing : str
        ``close``: a value of a date is known at its close. ``held``: it is a weight that is held during the date,
        so that it was known at the close before.
    fitted : bool
        A function learns from history (sets say so themselves): compared to 1e-12, and over the whole history.
    cuts, tickers : int
        How many days are cut, and how many codes a region are kept, those with splits, delistings and re-used
        codes first. The certificate says both.

    Returns
    -------
    Proof
        ``causal``, ``findings`` and ``certificate``; certificates are kept in the state folder.

    Raises
    ------
    ConfigError
        An unknown name, region or timing.
    NotEnoughHistory
        Too few bars.

    Notes
    -----
    One core is used for what is fitted, so that sums come in one order. Nothing can be said of undated columns
    (name, share class, depositary ratio), and of codes whose provider has adjusted their prices for a split
    that came later: they are left out and counted.

    Examples
    --------
    >>> wb.prove("momentum_12m_1m", lake, "KR").causal  # doctest: +SKIP
    True
    """
    if timing not in TIMINGS:
        raise ConfigError(f"timing={timing!r} is unknown.", hint=f"Use one of {', '.join(TIMINGS)}.")
    if min(cuts, tickers) < 1:
        raise ConfigError(f"cuts={cuts} and tickers={tickers} must be at least 1.")
    began = time.monotonic()
    chosen = subjects.resolve(target, fitted=fitted)
    view = lake if lake.pinned else lake.at(lake.snapshot())
    asked = _regions(regions, view, chosen)
    days = [parameters.day(day, "dates") for day in dates or ()]
    done: list[Proof] = []
    for whole in (False, True):
        some = [one for one in chosen if one.fitted is whole]
        if some:
            plan = worlds.plan(
                view,
                asked,
                [day for day in days if day],
                seed=seed,
                cuts=cuts,
                tickers=tickers,
                whole=whole,
                universes=[one.strategy.universe for one in some if one.strategy is not None],
            )
            with one_thread(), _registered(some):
                done.append(Examination(some, view, asked, plan, timing == "held").proof())
    found = tuple(finding for one in done for finding in one.findings)
    certificates = tuple(certificate for one in done for certificate in one.certificates)
    for certificate in certificates:
        certificate.save(settings.load().state / keys.FOLDER)
    return Proof(not found, found, certificates, time.monotonic() - began)


def _regions(regions: str | Sequence[str] | None, lake: Lake, chosen: Sequence[Subject]) -> tuple[str, ...]:
    if regions:
        return markets.check_regions([regions] if isinstance(regions, str) else list(regions))
    there = lake.sql("SELECT DISTINCT region FROM ohlcv")["region"].to_list()
    meant = [set(one.strategy.regions) for one in chosen if one.strategy is not None] if len(chosen) == 1 else []
    return tuple(region for region in settings.REGIONS if region in there and all(region in one for one in meant))


@contextmanager
def _registered(some: Sequence[Subject]) -> Iterator[None]:
    with ExitStack() as stack:
        for one in some:
            if one.candidate is not None:
                stack.enter_context(registry.registered(one.candidate))
        yield
