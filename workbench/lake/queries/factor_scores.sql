-- Scores of every factor set in long form. percentile: share of the other tickers of the region with a
-- lower score on that date, from 0.0 to 1.0; a missing score has no row.
SELECT
    region,
    ticker,
    date,
    factor_name,
    score,
    percent_rank() OVER (PARTITION BY factor_set, region, date, factor_name ORDER BY score) AS percentile,
    factor_set
FROM (
{union}
)
