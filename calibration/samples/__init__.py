"""Samples as arrays: surveyed, laid out in tables, graded, replayed."""
