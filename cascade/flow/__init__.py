"""The flow: pure generators without I/O that climb the ladder, verify a response and decide."""
