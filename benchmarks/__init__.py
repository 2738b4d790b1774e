"""Benchmarks: each script prints the tables of benchmarks/RESULTS.md."""
