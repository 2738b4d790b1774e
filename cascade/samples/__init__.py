"""Samples: requests with gold answers, labels and recordings, from files or rows."""
