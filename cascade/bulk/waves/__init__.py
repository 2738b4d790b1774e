"""Provider batches in waves: what a bulk run asks next goes as a batch; only what escalates goes on to the next."""
