"""What admins have done over HTTP: bodies to deeds, deeds on the parts behind them, and their answers; no address."""
