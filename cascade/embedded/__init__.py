"""Embedded ladder: three tiny language models of our own for `cascade demo`, called through litellm."""
