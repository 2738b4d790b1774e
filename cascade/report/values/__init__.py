"""Values: what a report says, as frozen values."""
