"""The gate: checks a policy against limits on samples, in CI."""
