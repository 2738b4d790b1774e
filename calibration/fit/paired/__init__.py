"""Paired certification of a task: compared with its reference on recordings, with labels where answers differ."""
