"""Combiners: fitted per rung, pooled over tasks, smoothed out of fold."""
