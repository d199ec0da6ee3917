-- First and last-but-open day of each spell of a code. Before the first listing the first spell holds.
SELECT
    region,
    ticker,
    spell,
    CASE WHEN row_number() OVER code = 1 THEN DATE '0001-01-01' ELSE listed_date END AS since,
    coalesce(lead(listed_date) OVER code, DATE '9999-12-31') AS until
FROM tickers
WINDOW code AS (PARTITION BY region, ticker ORDER BY spell)
