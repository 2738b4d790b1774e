"""Judges: probed, screened, ranked, and skipped where a cheap score is decisive."""
