"""Display: sheets for terminals and notebooks, number formats, and sanitized foreign text."""
