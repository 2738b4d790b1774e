"""STRICT: how pydantic reads our own files."""

from __future__ import annotations

from pydantic import ConfigDict

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
"""Strict configuration: no unknown keys, no coercion, no infinities."""
