"""Planning: how many labels, and which requests to label."""
