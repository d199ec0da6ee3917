"""One region's market, made once from a spec: everything the tables are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.adapters.sample import accounts as books
from workbench.adapters.sample import capital as stock
from workbench.adapters.sample import events, returns
from workbench.adapters.sample.bars import Bars, Course, make_bars
from workbench.adapters.sample.companies import make_companies
from workbench.adapters.sample.corrections import make_corrections
from workbench.adapters.sample.dividends import dividend_calendar, dividend_yields
from workbench.adapters.sample.filings import make_filings
from workbench.adapters.sample.halts import halt_mask
from workbench.adapters.sample.price_rules import PriceRules
from workbench.adapters.sample.profiles import profile
from workbench.adapters.sample.splits import split_ratios
from workbench.adapters.sample.timeline import WARMUP, Timeline, timeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.companies import Company
    from workbench.adapters.sample.corrections import Corrections
    from workbench.adapters.sample.filings import Filings
    from workbench.adapters.sample.spec import SampleSpec


@dataclass(frozen=True)
class RegionMarket:
    """Everything of one region.

    Attributes
    ----------
    region : str
    line : Timeline
    companies : list of Company
        In order of code and spell; N of them.
    bars : Bars
        Correct bars, (T, N).
    halted : (T, N) bool
    actions : tuple of Events
        Splits, dividends and pay-outs.
    corrections : Corrections
        Bars that were published wrong at first.
    changes : mapping of company position to SectorChange
    quarters : Quarters
    items : mapping of item to (K, N) float64
        Accounts as first filed; NaN where a company does not report an item.
    filings : Filings
    counts : ShareCounts
    index : (T,) float64
        Level of the region's index.
    """

    region: str
    line: Timeline
    companies: list[Company]
    bars: Bars
    halted: NDArray[np.bool_]
    actions: tuple[events.Events, ...]
    corrections: Corrections
    changes: dict[int, events.SectorChange]
    quarters: books.Quarters
    items: dict[str, NDArray[np.float64]]
    filings: Filings
    counts: stock.ShareCounts
    index: NDArray[np.float64]

    @property
    def cells(self) -> int:
        """Sessions times companies."""
        return int(self.bars.close.size)


@dataclass(frozen=True)
class _Draft:
    """What the steps of making a market hand to each other."""

    spec: SampleSpec
    region: str
    line: Timeline
    companies: list[Company]
    rules: PriceRules
    quarters: books.Quarters
    accounts: books.Accounts
    traits: returns.Traits
    halted: NDArray[np.bool_]


def make_market(spec: SampleSpec, region: str) -> RegionMarket:
    """The market of ``region``: the same to the bit wherever and whenever it is made."""
    draft = _draft(spec, region)
    line, companies, quarters = draft.line, draft.companies, draft.quarters
    path = _path(draft)
    by_session = books.quarter_of(line.sessions, quarters)
    capital = stock.make_capital(spec, region, companies, draft.traits, draft.accounts, by_session)
    course = _course(draft, capital, path)
    start = int(books.quarter_of(line.steps[:1], quarters)[0])
    equity = stock.first_equity(capital, draft.traits, draft.accounts, path, start)
    del path
    bars = make_bars(spec, region, course, draft.rules, draft.traits.specific)
    filings = make_filings(spec, region, companies, quarters, line)
    splits, dividends = events.split_events(course.ratio), events.dividend_events(course.dividend)
    factor: NDArray[Any] = np.cumprod(course.ratio, axis=0)
    counted = capital.at_quarter_ends(quarters, line.sessions, factor)
    banks = np.array([company.sector == "Financials" for company in companies])
    items = books.statements(spec, region, draft.accounts, equity, banks)
    items["shares_diluted"] = np.rint(1.01 * counted)
    items["dividends_paid"] = stock.dividends_paid(dividends, quarters, line.sessions, course.shares)
    return RegionMarket(
        region=region,
        line=line,
        companies=companies,
        bars=bars,
        halted=draft.halted,
        actions=(splits, dividends, events.proceeds_events(spec, region, companies, bars.close)),
        corrections=make_corrections(spec, region, bars, course.limit[-1][draft.rules.board]),
        changes=events.sector_changes(spec, region, companies, line),
        quarters=quarters,
        items=items,
        filings=filings,
        counts=stock.make_share_counts(line, capital, quarters, filings, splits, course.shares, counted),
        index=events.index_level(bars.close, course.shares, course.ratio),
    )


def _draft(spec: SampleSpec, region: str) -> _Draft:
    line = timeline(spec, region)
    companies = make_companies(spec, region, line)
    quarters = books.make_quarters(spec, companies)
    boards = tuple(dict.fromkeys(board.name for board in profile(region).boards))
    board = np.array([boards.index(company.board) for company in companies])
    return _Draft(
        spec=spec,
        region=region,
        line=line,
        companies=companies,
        rules=PriceRules(region, boards, board, line.sessions),
        quarters=quarters,
        accounts=books.make_accounts(spec, region, *quarters.ends.shape),
        traits=returns.make_traits(spec, region, len(companies)),
        halted=halt_mask(spec, region, companies, len(line.sessions)),
    )


def _path(draft: _Draft) -> NDArray[np.float64]:
    """Cumulative latent log returns, (E, N)."""
    return returns.latent_path(draft.spec, draft.region, draft.companies, draft.traits, _surroundings(draft))


def _surroundings(draft: _Draft) -> returns.Surroundings:
    market, sectors = returns.factor_returns(draft.spec, draft.region, draft.line)
    quarter = books.quarter_of(draft.line.steps, draft.quarters)
    limits = draft.rules.limits(draft.line.steps)
    return returns.Surroundings(
        market=market,
        sectors=sectors,
        log_book=np.log(draft.accounts.book / draft.accounts.book[quarter[0]]),
        quality=draft.accounts.quality,
        quarter=quarter,
        limit=np.where(np.isinf(limits), profile(draft.region).widest_move, limits),
        board=draft.rules.board,
        halted=draft.halted,
    )


def _course(draft: _Draft, capital: stock.Capital, path: NDArray[np.float64]) -> Course:
    """Latent prices as traded, with what splits and dividends do to them."""
    columns, sessions = np.arange(len(draft.companies)), len(draft.line.sessions)
    growth = path[WARMUP:] - path[WARMUP + capital.first, columns]
    price = capital.price * np.exp(growth)
    calendar = dividend_calendar(draft.spec, draft.region, draft.line, draft.companies, draft.halted)
    yields = dividend_yields(draft.region, calendar, _earnings_yield(draft, path, capital), draft.accounts.payout)
    price *= np.cumprod(1.0 - yields, axis=0)
    ratio = split_ratios(draft.spec, draft.region, draft.companies, price, draft.halted | (yields > 0.0))
    factor: NDArray[Any] = np.cumprod(ratio, axis=0)
    price /= factor
    dividend = np.zeros_like(price)
    dividend[1:] = np.round(price[:-1] * yields[1:], profile(draft.region).money_decimals)
    first = capital.first
    last = np.array([company.last for company in draft.companies])
    rows = np.arange(sessions)[:, None]
    return Course(
        price=price,
        ratio=ratio,
        dividend=dividend,
        listed=(rows >= first) & (rows < last),
        halted=draft.halted,
        shares=capital.outstanding(factor),
        limit=draft.rules.limits(draft.line.sessions),
    )


def _earnings_yield(draft: _Draft, path: NDArray[np.float64], capital: stock.Capital) -> NDArray[np.float64]:
    """Earnings of four quarters over market value at the previous close, (T, N)."""
    accounts = draft.accounts
    earned = np.cumsum(accounts.roe, axis=0)
    four = earned.copy()
    four[4:] -= earned[:-4]
    start = int(books.quarter_of(draft.line.steps[:1], draft.quarters)[0])
    log_book = np.log(accounts.book / accounts.book[start])
    book_to_market = np.exp(draft.traits.log_book_to_market + log_book[capital.quarter] - path[WARMUP - 1 : -1])
    earnings_yield: NDArray[np.float64] = four[capital.quarter] * book_to_market
    return earnings_yield
