"""Gateway: an HTTP server that speaks the APIs of OpenAI and Anthropic, and answers by the cascade."""
