"""Samples as arrays: surveyed, laid out, graded, replayed row by row."""
