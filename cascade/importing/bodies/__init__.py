"""Foreign bodies: what was asked and answered, in the forms of providers, tracing tools and OpenTelemetry."""
