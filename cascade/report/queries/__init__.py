"""Queries: read the decision log for a report."""
