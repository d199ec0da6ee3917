"""Price factors on real US prices, against loops over the file that share nothing with the lake or the kernels.

Ten stocks: splits of NKE, NFLX and SBUX, a reverse split of ACLS, a special dividend of SYNT and of EQR, and
days without a trade of ANCB and AIRT. The file's later edition of a row tells what changed overnight.
"""

import math
from datetime import date

import polars as pl
import pytest

from workbench import collect, factors
from workbench.lake import Lake

pytestmark = pytest.mark.real

TICKERS = ("AAPL", "NKE", "NFLX", "SBUX", "ACLS", "SYNT", "EQR", "LKFN", "ANCB", "AIRT")
#: One session a stock, ten in all: the row among the sessions of the file.
ROWS = dict(zip(TICKERS, (505, 300, 330, 290, 420, 440, 380, 470, 500, 350), strict=True))
SPECS = __file__.replace("test_price_factors.py", "specs")


@pytest.fixture(scope="module")
def files(real_data, tmp_path_factory):
    """The rows of ten stocks and of one index, in a folder of their own."""
    folder = tmp_path_factory.mktemp("ten")
    (folder / "ohlcv").mkdir()
    (folder / "reference").mkdir()
    prices = pl.scan_parquet(real_data / "ohlcv/US.parquet").filter(pl.col("ticker").is_in(TICKERS)).collect()
    index = pl.scan_parquet(real_data / "reference/indexes.parquet").filter(pl.col("index") == "SP500").collect()
    prices.write_parquet(folder / "ohlcv/US.parquet")
    index.write_parquet(folder / "reference/indexes.parquet")
    return folder


@pytest.fixture(scope="module")
def ours(files):
    """Raw factor values from a lake that took these rows."""
    lake = Lake(files / "lake", pinned=None)
    for name in ("US", "indexes"):
        collect.import_files(lake, f"{SPECS}/{name}.yaml", files)
    return factors.compute(list(HAND), lake, "US")


@pytest.fixture(scope="module")
def market(files):
    """Sessions, index levels, and of each stock the bars as lists with None where it did not trade."""
    index = pl.read_parquet(files / "reference/indexes.parquet").sort("date")
    first, last = date(2015, 3, 20), date(2017, 3, 31)
    levels = {day: level for day, level in index.select("date", "close").iter_rows() if first <= day <= last and level}
    days = sorted(levels)
    stocks = {ticker: stock(files, ticker, days) for ticker in TICKERS}
    return days, [levels[day] for day in days], stocks


def stock(files, ticker, days):
    """(total-return closes, money traded), None on days without a trade.

    A later edition of a row scales its close for what happens on the next session; that much of the scale
    which the next row does not have itself is the event, and all later prices are multiplied by it.
    """
    editions: dict[date, list[dict]] = {day: [] for day in days}
    rows = pl.read_parquet(files / "ohlcv/US.parquet").filter(pl.col("ticker") == ticker).sort("published")
    for row in rows.iter_rows(named=True):
        if row["date"] in editions:
            editions[row["date"]].append(row)
    closes, money, growth, restated = [], [], 1.0, 1.0
    for day in days:
        if editions[day]:
            first, latest = editions[day][0], editions[day][-1]
            growth *= (first["adj_close"] / first["close"]) / restated
            restated = latest["adj_close"] / latest["close"]
        traded = bool(editions[day]) and first["volume"] > 0
        closes.append(first["close"] * growth if traded else None)
        money.append(first["close"] * first["volume"] if traded else None)
    return closes, money


def seen(values):
    return [value for value in values if value is not None]


def carried(closes, row):
    """The last close at most 21 sessions old."""
    return next(closes[at] for at in range(row, row - 22, -1) if closes[at] is not None)


def returns(closes, index, row, window):
    """(stock, index) returns of the last sessions, each stock's on its bar before; None on days without a bar."""
    result = []
    for at in range(row - window + 1, row + 1):
        before = next((at - gap for gap in range(1, 23) if closes[at - gap] is not None), None)
        if closes[at] is None or before is None:
            result.append(None)
        else:
            result.append((closes[at] / closes[before] - 1.0, index[at] / index[before] - 1.0))
    return result


def regression(pairs):
    """(intercept, slope, residual deviation with n - 2)."""
    n = len(pairs)
    mean_y, mean_x = sum(y for y, _ in pairs) / n, sum(x for _, x in pairs) / n
    slope = sum((y - mean_y) * (x - mean_x) for y, x in pairs) / sum((x - mean_x) ** 2 for _, x in pairs)
    intercept = mean_y - slope * mean_x
    rest = sum((y - intercept - slope * x) ** 2 for y, x in pairs)
    return intercept, slope, math.sqrt(rest / (n - 2))


def deviation(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def period_return(window, skip):
    return lambda c, m, i, t: carried(c, t - skip) / carried(c, t - window) - 1.0


def rsi(c, m, i, t):
    rises = falls = 0.0
    for at in range(t - 13, t + 1):
        if c[at] is not None:
            move = c[at] - carried(c, at - 1)
            rises, falls = rises + max(move, 0.0), falls + max(-move, 0.0)
    return 100.0 * rises / (rises + falls)


def daily(c, i, t, window):
    return [pair[0] for pair in returns(c, i, t, window) if pair]


def residual_momentum(c, m, i, t):
    pairs = seen(returns(c, i, t - 21, 231))
    _, slope, spread = regression(pairs)
    return sum(y - slope * x for y, x in pairs) / spread


def drawdown(c, m, i, t):
    peak, deepest = 0.0, 0.0
    for price in seen(c[t - 251 : t + 1]):
        peak = max(peak, price)
        deepest = max(deepest, 1.0 - price / peak)
    return deepest


def since_first(values):
    first = next(at for at, value in enumerate(values) if value is not None)
    return [0.0 if value is None else value for value in values[first:]]


def mean(values):
    return sum(values) / len(values)


def amihud(c, m, i, t):
    moves = returns(c, i, t, 252)
    return 1e6 * mean([abs(pair[0]) / m[t - 251 + at] for at, pair in enumerate(moves) if pair])


def zero_days(c, m, i, t):
    moves = returns(c, i, t, 252)
    listed = len(since_first(c[t - 251 : t + 1]))
    return 1.0 - sum(1 for pair in moves if pair and pair[0] != 0.0) / listed


#: Each factor from total-return closes, money traded, index levels and the row.
HAND = {
    "momentum_12m_1m": period_return(252, 21),
    "momentum_6m_1m": period_return(126, 21),
    "reversal_1m": period_return(21, 0),
    "rsi_14": rsi,
    "near_high_52w": lambda c, m, i, t: carried(c, t) / max(seen(c[t - 251 : t + 1])),
    "trend_200d": lambda c, m, i, t: carried(c, t) / mean(seen(c[t - 199 : t + 1])) - 1.0,
    "residual_momentum_12m_1m": residual_momentum,
    "relative_strength_6m": lambda c, m, i, t: (carried(c, t) / carried(c, t - 126)) / (i[t] / i[t - 126]) - 1.0,
    "volatility_252d": lambda c, m, i, t: deviation(daily(c, i, t, 252)) * math.sqrt(252),
    "downside_volatility_252d": lambda c, m, i, t: math.sqrt(
        mean([min(r, 0.0) ** 2 for r in daily(c, i, t, 252)]) * 252
    ),
    "beta_252d": lambda c, m, i, t: regression(seen(returns(c, i, t, 252)))[1],
    "idiosyncratic_volatility_252d": lambda c, m, i, t: regression(seen(returns(c, i, t, 252)))[2] * math.sqrt(252),
    "max_drawdown_252d": drawdown,
    "max_return_21d": lambda c, m, i, t: mean(sorted(daily(c, i, t, 21))[-5:]),
    "log_dollar_volume_63d": lambda c, m, i, t: math.log(mean(since_first(m[t - 62 : t + 1]))),
    "amihud_illiquidity_252d": amihud,
    "zero_return_days_252d": zero_days,
}


def test_the_stocks_are_as_difficult_as_they_should_be(market):
    days, _, stocks = market
    assert len(days) == 513
    gaps = {ticker: sum(close is None for close in closes) for ticker, (closes, _) in stocks.items()}
    assert gaps == {**dict.fromkeys(TICKERS, 0), "ANCB": 50, "AIRT": 53}
    for ticker, day in (("NKE", "2015-12-24"), ("NFLX", "2015-07-15"), ("SBUX", "2015-04-09"), ("ACLS", "2016-07-01")):
        row, closes = days.index(date.fromisoformat(day)), stocks[ticker][0]
        assert closes[row] / closes[row - 1] == pytest.approx(1.0, abs=0.05), f"the split of {ticker} is taken out"
    assert ROWS["NKE"] - 252 < days.index(date(2015, 12, 24)) < ROWS["NKE"], "one falls inside the year looked back on"


@pytest.mark.parametrize("name", HAND)
def test_ten_values_of_each_factor(ours, market, name):
    """To a millionth: the lake takes a split of 2.0000001 in the file for one of 2."""
    days, index, stocks = market
    place = {day.item(): row for row, day in enumerate(ours.labels.dates)}
    found, expected = [], []
    for ticker, row in ROWS.items():
        found.append(ours.raw[name][place[days[row]], ours.labels.tickers.index(f"US:{ticker}")])
        expected.append(HAND[name](*stocks[ticker], index, row))
    assert found == pytest.approx(expected, rel=1e-6)
    assert len(set(found)) >= 7, "shares of so many days of a year may be equal"


def test_every_price_factor_is_tried():
    families = ("momentum", "low_volatility", "size_liquidity")
    ours = {name for name in factors.names() if factors.get(name).family in families}
    assert ours - set(HAND) == {"log_market_cap", "turnover_63d"}, "the US file has no shares; see below"


KOREAN = ("005930", "000660", "035720", "035420", "068270", "051910", "207940", "005380", "006400", "091990")


def test_turnover_and_size_of_ten_korean_stocks(real_data):
    """The file of market values: 035720 was split five for one between two of its windows of dates."""
    rows = pl.read_parquet(real_data / "ohlcv/KR_marcap.parquet").filter(pl.col("ticker").is_in(KOREAN))
    names = ("close", "volume", "amount", "shares", "market_cap")
    wide = {name: rows.pivot("ticker", index="date", values=name).sort("date").select(KOREAN) for name in names}
    table = {name: frame.cast(pl.Float64).to_numpy() for name, frame in wide.items()}
    column = KOREAN.index("035720")
    assert table["shares"][-1, column] / table["shares"][0, column] == pytest.approx(5.0, rel=0.05)
    turnover = factors.get("turnover_63d")(
        dollar_volume=table["amount"], price=table["close"], shares_outstanding=table["shares"]
    )
    size = factors.get("log_market_cap")(market_cap=table["market_cap"])
    last = len(rows.select("date").unique())
    for number in range(len(KOREAN)):
        row = last - 1 - 4 * number
        days = range(row - 62, row + 1)
        paid = [table["amount"][t, number] / table["close"][t, number] / table["shares"][t, number] for t in days]
        shares = [table["volume"][t, number] / table["shares"][t, number] for t in days]
        assert turnover[row, number] == pytest.approx(mean(paid), rel=1e-12)
        assert turnover[row, number] == pytest.approx(mean(shares), rel=0.02), "the day's mean price is near its close"
        assert size[row, number] == pytest.approx(math.log(table["close"][row, number] * table["shares"][row, number]))
