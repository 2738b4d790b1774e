"""Tables: a report as rows, text, Markdown and notebook output."""
