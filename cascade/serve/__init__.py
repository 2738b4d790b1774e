"""Serving: what a running cascade, or its log, shows over HTTP."""
