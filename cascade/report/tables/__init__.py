"""Tables: a report as rows, terminal text, Markdown and notebook output."""
