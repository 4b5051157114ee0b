"""Whole fleets of branches for load runs: which there are, what stands in them, and putting them in force."""
