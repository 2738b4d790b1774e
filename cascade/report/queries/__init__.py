"""Queries: what is read from the decision log for a report."""
