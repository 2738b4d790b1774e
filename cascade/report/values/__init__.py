"""Values: the content of a report as frozen dataclasses."""
