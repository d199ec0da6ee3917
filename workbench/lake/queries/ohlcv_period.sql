-- Bars of one {word} from the daily ones, as traded: first open, highest high, lowest low, last close,
-- sum of volume; date is the ticker's last session in the {word}. Suspended days carry no open, high
-- and low (a price of zero is none), so they enter neither; their carried close does.
SELECT
    o.region,
    o.ticker,
    coalesce(s.spell, 1) AS spell,
    '{code}' AS timeframe,
    max(o.date) AS date,
    arg_min(nullif(o.open, 0), o.date) AS open,
    max(nullif(o.high, 0)) AS high,
    min(nullif(o.low, 0)) AS low,
    arg_max(nullif(o.close, 0), o.date) AS close,
    sum(o.volume) AS volume,
    sum(o.turnover) AS turnover,
    count(*) AS sessions
FROM ohlcv AS o
LEFT JOIN spells AS s
    ON o.region = s.region AND o.ticker = s.ticker AND o.date >= s.since AND o.date < s.until
WHERE o.timeframe = 'D'
GROUP BY o.region, o.ticker, coalesce(s.spell, 1), date_trunc('{word}', o.date)
