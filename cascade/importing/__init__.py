"""Import: answers that were paid for elsewhere (provider batches, gateways, tracing, evaluations) become samples."""
