"""LogProb verifier: scores an answer by the log-probabilities of its tokens."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from cascade.errors import ConfigError
from cascade.exchange import Exchange, TokenLogProb
from cascade.reading.thinking import answer_start
from cascade.verdict import Verdict, Verifier
from verifiers.answer_tokens import is_formatting, last_line_span, letters, tokens_within, value_spans, without_thinking

FLOOR = -20.0
"""Floor of log-probabilities: −inf, and providers' stand-ins for it such as −9999, become this."""
ROUNDING = 1e-6
"""Rounding tolerance above 0; a greater log-probability makes all figures unusable."""
LOW = 0.1
"""The quantile of the signal `low`."""

FEWEST_STAND_INS = 4
"""Tokens from which on it is no certainty but a stand-in that each has a log-probability of exactly 0."""

_CHOICES = ("all", "last_line", "values")


class LogProb(Verifier):
    """Scores an answer by the geometric mean of its tokens' probabilities, exp(mean log p), in [0, 1].

    Signals, natural logarithms except for the last: `mean`, `min`, `low` (the 10 % quantile: the smallest value that at
    least 10 % of the tokens do not exceed), `margin` (mean distance in log-probability between the token written and
    the best other one; None without alternatives, negative where others were likelier).

    Tokens of the thinking before an answer are left out, and those of white space and special tokens (end of text and
    the like), unless there are no others.
    Abstains where the provider gives no log-probabilities; where one of them is NaN or above 0, where four or more are
    all exactly 0, or where the tokens do not spell the answer: then none of them can be trusted. −inf counts as −20.
    Figures that are no numbers are left out.

    Measured AUROC for right against wrong: 0.66 to 0.88 on lifeeval_mcq, 0.65 to 0.86 on mz_mmlu, 0.64 to 0.83 on
    mz_medmcqa, 0.73 to 0.76 on judge_prefs (by model; the small ones know least what they do not know).

    Source: mean and minimum token log-probability as in Gupta et al. 2024, Language Model Cascades (ICLR).

    Args:
        tokens: the tokens that count: `all`; `values`, those of the answer's JSON values (keys and punctuation are
            nearly always certain); `last_line`. Falls back to all of them without JSON, or for recordings with figures
            but no tokens (flagged `all_tokens`).
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: `tokens` has another value.
    """

    version: ClassVar[str] = "2"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False
    wishes: Mapping[str, Any] = MappingProxyType({"logprobs": True, "top_logprobs": 5})

    def __init__(self, *, tokens: str = "all", name: str = "logprob", pass_at: float = 0.5) -> None:
        if tokens not in _CHOICES:
            raise ConfigError(f"LogProb(tokens={tokens!r}): one of {', '.join(_CHOICES)} was expected.")
        self.name = name
        self.pass_at = pass_at
        self.tokens = tokens

    def settings(self) -> dict[str, Any]:
        """Return which tokens count."""
        return {"tokens": self.tokens}

    def check(self, exchange: Exchange) -> Verdict:
        """Score the answer's log-probabilities."""
        given = [token for token in exchange.response.logprobs or () if _is_number(token.logprob)]
        if not given:
            return Verdict.abstain("the provider gave no log-probabilities")
        if any(math.isnan(token.logprob) or token.logprob > ROUNDING for token in given):
            return Verdict.abstain("a log-probability is NaN or above 0", flags=("unusable_logprobs",))
        if _are_stand_ins(given):
            return Verdict.abstain("all log-probabilities are exactly 0", flags=("unusable_logprobs",))
        answer = exchange.response.text[answer_start(exchange.response.text) :]
        given = without_thinking(given, answer)
        if _are_stand_ins(given):
            return Verdict.abstain("the answer's log-probabilities are all exactly 0", flags=("unusable_logprobs",))
        if not _spell(given, answer):
            return Verdict.abstain("the tokens do not spell the answer", flags=("unusable_logprobs",))
        chosen = self._choose(given, answer)
        flags = () if chosen is not None or self.tokens == "all" else ("all_tokens",)
        chosen = chosen or given
        chosen = [token for token in chosen if not is_formatting(token)] or chosen
        values = sorted(min(0.0, max(FLOOR, token.logprob)) for token in chosen)
        mean = math.fsum(values) / len(values)
        signals = {
            "mean": mean,
            "min": values[0],
            "low": values[math.ceil(LOW * len(values)) - 1],
            "margin": _margin(chosen),
        }
        reason = f"exp of the mean over {len(values)} tokens"
        return Verdict(score=min(1.0, math.exp(mean)), reason=reason, signals=signals, flags=flags)

    def _choose(self, tokens: Sequence[TokenLogProb], text: str) -> Sequence[TokenLogProb] | None:
        if self.tokens == "all":
            return None
        spans = value_spans(text) if self.tokens == "values" else [last_line_span(text)]
        return tokens_within(tokens, text, spans) or None


def _are_stand_ins(tokens: Sequence[TokenLogProb]) -> bool:
    return len(tokens) >= FEWEST_STAND_INS and all(token.logprob == 0.0 for token in tokens)


def _spell(tokens: Sequence[TokenLogProb], text: str) -> bool:
    """Tell whether the tokens hold the answer, by its ASCII letters and digits: tokenizers mark blanks each their way.

    True where the tokens' texts are not known, and where the answer has no such letters.
    """
    if any(token.token is None for token in tokens):
        return True
    return letters(text) in letters("".join(token.token or "" for token in tokens))


def _margin(tokens: Sequence[TokenLogProb]) -> float | None:
    margins = []
    for token in tokens:
        others = [
            max(FLOOR, other)
            for word, other in token.top
            if word != token.token and _is_number(other) and not math.isnan(other) and other <= ROUNDING
        ]
        if token.token is not None and others:
            margins.append(max(FLOOR, token.logprob) - max(others))
    return math.fsum(margins) / len(margins) if margins else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
