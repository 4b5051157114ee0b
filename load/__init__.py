"""Load generators, benchmarks and their floors."""
