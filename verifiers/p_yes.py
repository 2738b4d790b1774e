"""P(yes): the probability that a judge's one word is yes, from the log-probabilities of its first token."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cascade.exchange import Response

YES, NO = frozenset({"yes", "y"}), frozenset({"no", "n"})
"""First tokens that say one or the other, without case, spaces, quotes and what precedes a word."""

LEAST_MASS = 0.5
"""Probability that must lie on yes and no together; below it the judge has not understood the question."""

_AROUND = " \t\r\n\"'`*_.▁Ġ"


def p_yes(reply: Response) -> float | str:
    """Return P(yes) / (P(yes) + P(no)), in [0, 1]; else why the reply tells nothing.

    Source: Kadavath et al. 2022, Language Models (Mostly) Know What They Know (arXiv 2207.05221), P(True).
    """
    if not reply.logprobs:
        return "the judge's reply has no log-probabilities, which P(yes) is made of"
    first = next((token for token in reply.logprobs if token.token is None or token.token.strip(_AROUND)), None)
    if first is None or first.token is None:
        return "the judge's reply has no word"
    seen = dict(first.top) or {first.token: first.logprob}
    seen.setdefault(first.token, first.logprob)
    yes, no = (_mass(seen.items(), words) for words in (YES, NO))
    if not yes + no >= LEAST_MASS:
        return f"the judge said neither yes nor no ({yes + no:.0%} of its first token)"
    return min(1.0, yes / (yes + no))


def _mass(tokens: Iterable[tuple[str, float]], words: frozenset[str]) -> float:
    """Sum the probabilities of tokens that are one of some words; figures that are none count nothing."""
    return math.fsum(
        math.exp(logprob) for token, logprob in tokens if logprob <= 0.0 and token.strip(_AROUND).casefold() in words
    )
