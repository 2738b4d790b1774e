"""The engine: the async driver of the flow, its loop thread, and the state shared by requests."""
