"""Temporary stores on disk: what one row has to wait for until another one is read."""
