"""Page: a document of figures, charts, tables and advice as one HTML file."""
