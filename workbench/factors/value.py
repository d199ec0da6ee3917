"""Value: what is cheap against its earnings, assets and payouts."""
