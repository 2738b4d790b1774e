"""Certificates: candidates, fixed-sequence tests, and how many labels are missing."""
