"""Parts that several commands share: options, terminal output, progress, exit codes."""
