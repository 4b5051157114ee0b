"""How often something may be tried, over all processes."""
