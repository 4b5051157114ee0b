"""Real database servers for tests, from what pip has installed."""
