"""Serving: the dashboard and the metrics of a decision log over HTTP."""
