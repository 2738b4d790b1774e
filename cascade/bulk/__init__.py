"""Many requests from files: explored or run, resumable, in order, never paid for twice."""
