"""Thresholds: grid search, Pareto hull and path of policies, and the choice of one operating point."""
