"""Size and liquidity: what is small or hard to trade has been paid for it."""
