"""Routes: what the gateway can be asked, one file a family."""
