"""The policy: per task operating points, the combiner, and which judges were screened; when to stop."""
