"""The clients' side of the dialects: what client libraries send is read as a Request, and a Result is written back."""
