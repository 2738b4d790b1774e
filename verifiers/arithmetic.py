"""Arithmetic verifier: re-computes the working that an answer shows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

from cascade.exchange import Exchange
from cascade.reading import NotJson, Number, read
from cascade.verdict import Verdict, Verifier
from verifiers.working import equations_of


class Arithmetic(Verifier):
    """Scores the working that an answer shows: every equation is computed again in exact rationals, no model is asked.

    score = (h + p) / (n + 1): n equations, of which h hold; p is 1 where the final answer is the result of one of them
    (of a text without a final number: where the last one holds), else 0. Signals: `equations`, `wrong`, and `plugged`,
    which is p. Abstains where no equation is shown, and on tool calls. Right arithmetic on the wrong numbers is not
    seen: the score is evidence, no proof.

    Measured worth: little. On recorded GSM8K answers AUROC .57 to .62 for models that compute badly (Llama 3.1 8B,
    Mixtral 8x7B), chance for strong ones; at most 2 % of right answers have an equation that does not hold. At equal
    loss it saves 9 points of the reference's cost with Mixtral, 5 on mz_gsm8k, nothing elsewhere
    (benchmarks/RESULTS/worth.md). Let calibration weigh it.

    Args:
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.
    """

    version: ClassVar[str] = "1"
    inline: ClassVar[bool] = True
    reads_earlier: ClassVar[bool] = False

    def __init__(self, *, name: str = "arithmetic", pass_at: float = 0.5) -> None:
        self.name = name
        self.pass_at = pass_at

    def settings(self) -> dict[str, Any]:
        """Return what changes its scores: nothing."""
        return {}

    def check(self, exchange: Exchange) -> Verdict:
        """Compute the equations of an answer again."""
        response = exchange.response
        if response.tool_calls:
            return Verdict.abstain("tool calls show no working")
        reading = read(response.text)
        equations = equations_of(_words(reading, response.text))
        if not equations:
            return Verdict.abstain("no equation is shown")
        wrong = [one for one in equations if not one.holds]
        final = reading.answer
        results = {one.result for one in equations}
        plugged: bool | None = None
        if isinstance(final, Number):
            plugged = Fraction(final.value) in results
        last = equations[-1].holds if plugged is None else plugged
        held = len(equations) - len(wrong)
        signals = {
            "equations": float(len(equations)),
            "wrong": float(len(wrong)),
            "plugged": None if plugged is None else float(plugged),
        }
        why = f"{wrong[0].text:.80} does not hold" if wrong else f"{len(equations)} equations hold"
        if plugged is False:
            why += "; the final answer is none of their results"
        return Verdict(score=(held + last) / (len(equations) + 1), reason=why, signals=signals)


def _words(reading: Any, text: str) -> str:
    """Return the texts of a JSON answer, its reasoning among them, in order; of any other answer the text itself."""
    try:
        value = reading.json.value
    except NotJson:
        return text
    return "\n".join(_texts(value))


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []
