"""Agreement verifier: scores an answer by its agreement with other answers (self-consistency)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Exchange, ModelCall, Response
from cascade.usage import Price
from cascade.verdict import Flow, Verdict, Verifier
from verifiers.final_answer import FinalAnswer, extract, of_calls, of_extractor

MAX_SAMPLES = 50
"""Most further samples."""

_COMPARE = ("auto", "json", "number", "text")
_NOT_REPEATED = frozenset(("n", "seed", "stream", "stream_options", "logprobs", "top_logprobs"))


class Agreement(Verifier):
    """Self-consistency: scores the share of other answers that agree with this one, in [0, 1].

    Three kinds; a rung may have several, each with its own name:

    - `Agreement()`: the answers of the rungs below, which are paid already. Abstains on the first rung. Signal
      `with_previous`: 1 where it agrees with the rung just below.
    - `Agreement(samples=5)`: further samples of the same model (self-consistency), first those that came with the
      answer (`n` > 1), then paid calls at the given temperature. Signal `majority`: the share of the commonest answer.
    - `Agreement(model="provider/name")`: one answer of another, cheap model (paid).

    Answers are compared by their final answer (`verifiers.final_answer.extract`); tool calls by names and arguments.
    Answers without a final answer count as disagreeing; it abstains if this answer has none, or there are no others.

    Measured AUROC for right against wrong. With another model: 0.94 (zeroeval_gsm8k, 8B and gpt-4o-mini), 0.93
    (gsm8k_routellm), 0.79 to 0.83 (lifeeval_mcq), 0.80 (date_mot), 0.65 (csqa_reread, mz_mmlu), 0.63 to 0.74
    (zeroeval_crux), 0.57 (ner_extract). With samples: 0.71 to 0.81 (csqa_reread, 4), 0.66 to 0.86 (date_mot, 3 to 8).

    Source: Wang et al. 2022, Self-Consistency (arXiv 2203.11171); Yue et al. 2023, Large Language Model Cascades with
    Mixture of Thoughts (arXiv 2310.03094).

    Args:
        samples: further samples of the same model; 0: none.
        model: another model to ask once; None: none.
        compare: `auto`, `json`, `number` or `text`.
        extract: finds the final answer in a text itself (any JSON value, None for none) instead of `compare`.
        temperature: of further samples, where the request does not ask for one above 0.
        params: provider parameters of the other model's call, on top of the request's.
        price: the other model's price; None: from the price table.
        api_base: the other model's address; None: the provider's own.
        api_key: the other model's key; None: from the environment.
        timeout_s: the other model's timeout in seconds.
        name: names the verifier; None: agreement, agreement_samples or agreement_model.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: a value is out of range, or both samples and a model are given.
    """

    version: ClassVar[str] = "1"

    def __init__(
        self,
        *,
        samples: int = 0,
        model: str | None = None,
        compare: str = "auto",
        extract: Callable[[str], Any] | None = None,
        temperature: float = 0.7,
        params: Mapping[str, Any] = EMPTY,
        price: Price | None = None,
        api_base: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        name: str | None = None,
        pass_at: float = 0.5,
    ) -> None:
        if isinstance(samples, bool) or not isinstance(samples, int) or not 0 <= samples <= MAX_SAMPLES:
            raise ConfigError(f"Agreement(samples={samples!r}): a whole number from 0 to {MAX_SAMPLES} was expected.")
        if samples and model is not None:
            raise ConfigError("Agreement has both samples and a model; one was expected. Use two, one for each.")
        if compare not in _COMPARE:
            raise ConfigError(f"Agreement(compare={compare!r}): one of {', '.join(_COMPARE)} was expected.")
        self.samples, self.model, self.compare, self.extract = samples, model, compare, extract
        self.temperature, self.params, self.price = temperature, dict(params), price
        self.api_base, self._api_key, self.timeout_s = api_base, api_key, timeout_s
        self.paid = bool(samples) or model is not None
        self.name = name or ("agreement_samples" if samples else "agreement_model" if model else "agreement")
        self.pass_at = pass_at

    def settings(self) -> dict[str, Any]:
        """Return the settings of the comparison; an extractor by its name."""
        extractor = None if self.extract is None else _name_of(self.extract)
        asked = {"samples": self.samples, "model": self.model, "params": self.params}
        return {**asked, "compare": self.compare, "extract": extractor, "temperature": self.temperature}

    def flow(self, exchange: Exchange) -> Flow:
        """Compare with the available answers, after asking for the missing ones."""
        own = self._final(exchange.response)
        if own is None:
            return Verdict.abstain("there is no final answer to compare")
        if not self.paid:
            return self._share(own, list(exchange.earlier.values()))
        given = exchange.response.samples[: self.samples]
        others: list[Any] = [Response(text=text) for text in given]
        calls = self._calls(exchange, len(given))
        if calls:
            others += yield calls
        return self._share(own, others)

    def check(self, exchange: Exchange) -> Verdict:
        """Compare with the available answers only."""
        own = self._final(exchange.response)
        if own is None:
            return Verdict.abstain("there is no final answer to compare")
        if not self.paid:
            return self._share(own, list(exchange.earlier.values()))
        return self._share(own, [Response(text=text) for text in exchange.response.samples[: self.samples]])

    def _calls(self, exchange: Exchange, given: int) -> tuple[ModelCall, ...]:
        asked = exchange.call
        params = {key: value for key, value in asked.params.items() if key not in _NOT_REPEATED}
        if self.model is not None:
            call = replace(
                asked,
                model=self.model,
                params={**params, **self.params},
                wishes=EMPTY,
                api_base=self.api_base,
                api_key=self._api_key,
                timeout_s=self.timeout_s,
                price=self.price,
                verifier=self.name,
                rung=exchange.rung,
                request_id=exchange.request.id,
            )
            return (call,)
        if not params.get("temperature"):
            params["temperature"] = self.temperature
        call = replace(asked, params=params, wishes=EMPTY, verifier=self.name, request_id=exchange.request.id)
        return tuple(replace(call, sample=number) for number in range(given + 1, self.samples + 1))

    def _share(self, own: FinalAnswer, others: list[Any]) -> Verdict:
        usable = [other for other in others if isinstance(other, Response)]
        flags = ("calls_failed",) if len(usable) < len(others) else ()
        if not usable:
            return Verdict.abstain("there is no other answer to compare with", flags=flags)
        answers = [self._final(other) for other in usable]
        agree = sum(answer == own for answer in answers)
        signals: dict[str, float | None] = {}
        if self.samples:
            everything = [answer for answer in (own, *answers) if answer is not None]
            signals["majority"] = max(map(everything.count, everything)) / (1 + len(answers))
        elif self.model is None:
            signals["with_previous"] = float(answers[-1] == own)
        reason = f"{agree} of {len(usable)} other answers agree"
        return Verdict(score=agree / len(usable), reason=reason, signals=signals, flags=flags)

    def _final(self, response: Response) -> FinalAnswer | None:
        if response.tool_calls:
            return of_calls(response.tool_calls)
        if self.extract is not None:
            return of_extractor(self.extract, response.text)
        return extract(response.text, self.compare)


def _name_of(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', type(function).__qualname__)}"
