"""The gate: a policy held to limits on samples, in CI."""
