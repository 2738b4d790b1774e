"""Judges: probed, screened, ranked, and skipped where the rest is sure."""
