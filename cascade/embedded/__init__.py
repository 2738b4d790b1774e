"""The embedded ladder: three tiny language models of our own behind `cascade demo`, reached through litellm."""
