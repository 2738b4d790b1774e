"""Dialects: how a model call is written for a provider and how its answer is read; pure functions on JSON, no I/O."""
