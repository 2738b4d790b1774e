"""Drop-in use: a program's own OpenAI, Anthropic or LiteLLM calls run by the cascade, with one changed line."""
