"""Thresholds: grid, hull and path of policies, and the choice of one point."""
