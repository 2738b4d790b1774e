"""Display: sheets for terminals and notebooks, number formats, and sanitised untrusted text."""
