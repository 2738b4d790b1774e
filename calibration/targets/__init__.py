"""Targets: aims met in expectation and bounds that are certified."""
