-- Daily bars as traded, adjusted for splits (split_*) and for total return (total_*), forward: both
-- factors are 1.0 on the first bar of each ticker (of each spell of a reused code) and change on ex
-- dates only, so that a later action changes no earlier row. split_volume is volume divided by the
-- split factor. What the provider had adjusted already (column adjusted) is not adjusted again. Rows of
-- another kind of adjustment than the ticker's first bar are left out. The conventions are those of
-- workbench/lake/adjust.py.
WITH bars AS (
    SELECT o.*, coalesce(s.spell, 1) AS spell
    FROM ohlcv AS o
    LEFT JOIN spells AS s
        ON o.region = s.region AND o.ticker = s.ticker AND o.date >= s.since AND o.date < s.until
    WHERE o.timeframe = 'D'
),
anchors AS (
    SELECT region, ticker, spell, min(date) AS first_date, max(date) AS last_date, arg_min(adjusted, date) AS stored
    FROM bars
    GROUP BY region, ticker, spell
),
money AS (
    SELECT DISTINCT ON (region, ticker) region, ticker, currency
    FROM tickers
    ORDER BY region, ticker, spell
),
-- Actions of the anchored bars; cash in the currency of the price, at the last fix before the ex date.
events AS (
    SELECT a.region, a.ticker, n.spell, a.ex_date, a.kind, n.stored, n.last_date,
        a.value * CASE WHEN a.currency IS NULL OR m.currency IS NULL OR a.currency = m.currency OR a.kind IN ('split', 'bonus', 'consolidation')
            THEN 1.0
            ELSE (CASE WHEN a.currency = 'USD' THEN 1.0 ELSE paid.usd_per_unit END)
               / (CASE WHEN m.currency = 'USD' THEN 1.0 ELSE own.usd_per_unit END) END AS value
    FROM actions AS a
    LEFT JOIN spells AS s
        ON a.region = s.region AND a.ticker = s.ticker AND a.ex_date >= s.since AND a.ex_date < s.until
    JOIN anchors AS n
        ON a.region = n.region AND a.ticker = n.ticker AND n.spell = coalesce(s.spell, 1)
    LEFT JOIN money AS m ON a.region = m.region AND a.ticker = m.ticker
    ASOF LEFT JOIN fx AS paid ON a.currency = paid.currency AND a.ex_date > paid.date
    ASOF LEFT JOIN fx AS own ON m.currency = own.currency AND a.ex_date > own.date
    WHERE a.ex_date > n.first_date AND n.stored <> 'total' AND isfinite(a.value)
),
splits AS (
    SELECT region, ticker, spell, ex_date, last(factor ORDER BY kind) AS factor
    FROM (
        SELECT region, ticker, spell, ex_date, kind,
            list_reduce(list(value) OVER (
                PARTITION BY region, ticker, spell ORDER BY ex_date, kind
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), lambda a, b: a * b) AS factor
        FROM events
        WHERE kind IN ('split', 'bonus', 'consolidation') AND value > 0
    )
    GROUP BY region, ticker, spell, ex_date
),
paid AS (
    SELECT region, ticker, spell, ex_date, stored, last_date, sum(value ORDER BY kind) AS cash
    FROM events
    WHERE kind IN ('dividend', 'rights', 'spin_off')
    GROUP BY region, ticker, spell, ex_date, stored, last_date
),
priced AS (
    SELECT p.*, b.close AS price, b.date AS previous_date
    FROM paid AS p
    ASOF JOIN (SELECT b.* FROM bars AS b JOIN anchors AS n USING (region, ticker, spell) WHERE b.adjusted = n.stored) AS b
        ON p.region = b.region AND p.ticker = b.ticker AND p.spell = b.spell AND p.ex_date > b.date
),
scaled AS (
    SELECT p.region, p.ticker, p.spell, p.ex_date,
        CASE WHEN p.stored = 'split' THEN p.price
            ELSE p.price * (coalesce(before.factor, 1.0) / coalesce(today.factor, 1.0)) END AS price,
        CASE WHEN p.stored = 'split' THEN p.cash * (coalesce(today.factor, 1.0) / coalesce(newest.factor, 1.0))
            ELSE p.cash END AS cash
    FROM priced AS p
    ASOF LEFT JOIN splits AS before
        ON p.region = before.region AND p.ticker = before.ticker AND p.spell = before.spell AND p.previous_date >= before.ex_date
    ASOF LEFT JOIN splits AS today
        ON p.region = today.region AND p.ticker = today.ticker AND p.spell = today.spell AND p.ex_date >= today.ex_date
    ASOF LEFT JOIN splits AS newest
        ON p.region = newest.region AND p.ticker = newest.ticker AND p.spell = newest.spell AND p.last_date >= newest.ex_date
),
cash AS (
    SELECT region, ticker, spell, ex_date,
        list_reduce(list(price / (price - cash)) OVER (
            PARTITION BY region, ticker, spell ORDER BY ex_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), lambda a, b: a * b) AS factor
    FROM scaled
    WHERE cash > 0 AND cash < price
),
steps AS (
    SELECT d.region, d.ticker, d.spell, d.ex_date,
        coalesce(s.factor, 1.0) AS split_factor, coalesce(c.factor, 1.0) AS cash_factor
    FROM (SELECT region, ticker, spell, ex_date FROM splits UNION SELECT region, ticker, spell, ex_date FROM cash) AS d
    ASOF LEFT JOIN splits AS s
        ON d.region = s.region AND d.ticker = s.ticker AND d.spell = s.spell AND d.ex_date >= s.ex_date
    ASOF LEFT JOIN cash AS c
        ON d.region = c.region AND d.ticker = c.ticker AND d.spell = c.spell AND d.ex_date >= c.ex_date
),
factored AS (
    SELECT b.*,
        CASE WHEN n.stored = 'none' THEN coalesce(s.split_factor, 1.0) ELSE 1.0 END AS split_factor,
        coalesce(s.cash_factor, 1.0) AS cash_factor
    FROM bars AS b
    JOIN anchors AS n USING (region, ticker, spell)
    ASOF LEFT JOIN steps AS s
        ON b.region = s.region AND b.ticker = s.ticker AND b.spell = s.spell AND b.date >= s.ex_date
    WHERE b.adjusted = n.stored
)
SELECT region, ticker, spell, date, open, high, low, close, volume, turnover,
    open * split_factor AS split_open,
    high * split_factor AS split_high,
    low * split_factor AS split_low,
    close * split_factor AS split_close,
    volume / split_factor AS split_volume,
    open * (split_factor * cash_factor) AS total_open,
    high * (split_factor * cash_factor) AS total_high,
    low * (split_factor * cash_factor) AS total_low,
    close * (split_factor * cash_factor) AS total_close,
    split_factor,
    split_factor * cash_factor AS total_factor,
    adjusted,
    source
FROM factored
