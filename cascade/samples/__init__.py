"""Samples: requests with gold answers, labels and recordings, read from files or rows."""
