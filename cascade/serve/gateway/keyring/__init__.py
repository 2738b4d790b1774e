"""Keyring: keys of the gateway, their file, and what each may use."""
