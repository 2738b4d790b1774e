"""What was promised, measured: each script prints what benchmarks/RESULTS.md shows."""
