"""Bulk runs: explores or runs files of requests, resumable, in order, never paid twice."""
