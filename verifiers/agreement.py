"""Agreement verifier: scores an answer by its agreement with other answers (self-consistency)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from cascade.answer_schema import field_text
from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Exchange, ModelCall, Response
from cascade.ladder import Rung
from cascade.reading import NOTHING, Answer, NotJson, Structure, Text, Unsure, read, same
from cascade.reading.literals import canonical
from cascade.usage import Price
from cascade.verdict import Flow, Verdict, Verifier

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

    Answers are compared by their final answer as a typed value (`cascade.reading`): numbers with their units, choices,
    dates, lists, names; tool calls by names and arguments. Empty answers count as disagreeing. Where it cannot be told
    whether two answers say the same, the other one is left out (flagged `unsure`); it abstains if none is left, or if
    this answer has no plain final answer.

    Measured AUROC for right against wrong. With another model: 0.94 (zeroeval_gsm8k, 8B and gpt-4o-mini), 0.93
    (gsm8k_routellm), 0.79 to 0.83 (lifeeval_mcq), 0.80 (date_mot), 0.65 (csqa_reread, mz_mmlu), 0.63 to 0.74
    (zeroeval_crux), 0.57 (ner_extract). With samples: 0.71 to 0.81 (csqa_reread, 4), 0.66 to 0.86 (date_mot, 3 to 8).
    At one point lost, another cheap model brings the cost from 90 % of the reference's to 25 % (zeroeval_gsm8k), 68 to
    36 (lifeeval_mcq), 76 to 32 (mz_gsm8k), 91 to 74 (zeroeval_crux); on mz_mmlu, mz_medmcqa and mz_truthfulqa it only
    costs (benchmarks/RESULTS/worth.md).

    Source: Wang et al. 2022, Self-Consistency (arXiv 2203.11171); Yue et al. 2023, Large Language Model Cascades with
    Mixture of Thoughts (arXiv 2310.03094).

    Args:
        samples: further samples of the same model; 0: none.
        model: another model to ask once; None: none.
        compare: `auto`: by the final answer; `json`: by the whole JSON value; `number`: by the number that the answer
            arrives at; `text`: by the whole text in normal form.
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

    version: ClassVar[str] = "2"

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
        # Asked as a rung of its own: at its own address, and with the schema as that model takes it.
        self._other = (
            None
            if model is None
            else Rung(model, verify=(), price=price, api_base=api_base, api_key=api_key, timeout_s=timeout_s)
        )
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
        field = exchange.request.answer_field
        own = self._final(exchange.response, field)
        if isinstance(own, Unsure):
            return Verdict.abstain(f"there is no final answer to compare: {own.reason}")
        if not self.paid:
            return self._share(own, list(exchange.earlier.values()), field)
        given = exchange.response.samples[: self.samples]
        others: list[Any] = [Response(text=text) for text in given]
        calls = self._calls(exchange, len(given))
        if calls:
            others += yield calls
        return self._share(own, others, field)

    def check(self, exchange: Exchange) -> Verdict:
        """Compare with the available answers only."""
        field = exchange.request.answer_field
        own = self._final(exchange.response, field)
        if isinstance(own, Unsure):
            return Verdict.abstain(f"there is no final answer to compare: {own.reason}")
        if not self.paid:
            return self._share(own, list(exchange.earlier.values()), field)
        return self._share(own, [Response(text=text) for text in exchange.response.samples[: self.samples]], field)

    def _calls(self, exchange: Exchange, given: int) -> tuple[ModelCall, ...]:
        if self._other is not None:
            call = self._other.call(exchange.request)
            params = {key: value for key, value in call.params.items() if key not in _NOT_REPEATED}
            params |= self.params
            return (replace(call, params=params, wishes=EMPTY, verifier=self.name, rung=exchange.rung),)
        asked = exchange.call
        params = {key: value for key, value in asked.params.items() if key not in _NOT_REPEATED}
        if not params.get("temperature"):
            params["temperature"] = self.temperature
        call = replace(asked, params=params, wishes=EMPTY, verifier=self.name, request_id=exchange.request.id)
        return tuple(replace(call, sample=number) for number in range(given + 1, self.samples + 1))

    def _share(self, own: Answer, others: list[Any], field: str | None) -> Verdict:
        usable = [other for other in others if isinstance(other, Response)]
        flags = ("calls_failed",) if len(usable) < len(others) else ()
        if not usable:
            return Verdict.abstain("there is no other answer to compare with", flags=flags)
        answers = [self._final(other, field) for other in usable]
        alike = [self._same(own, answer) for answer in answers]
        certain = [one for one in alike if one is not None]
        signals: dict[str, float | None] = {}
        if self.samples:
            signals["majority"] = self._majority([own, *answers])
        elif self.model is None:
            signals["with_previous"] = None if alike[-1] is None else float(alike[-1])
        if len(certain) < len(alike):
            flags = (*flags, "unsure")
        if not certain:
            return Verdict.abstain("it cannot be told whether the answers agree", signals=signals, flags=flags)
        doubtful = f" ({len(alike) - len(certain)} in doubt)" if len(certain) < len(alike) else ""
        reason = f"{sum(certain)} of {len(certain)} other answers agree{doubtful}"
        return Verdict(score=sum(certain) / len(certain), reason=reason, signals=signals, flags=flags)

    def _same(self, own: Answer, other: Answer) -> bool | None:
        if other == NOTHING:
            return False
        return own.key == other.key if self.compare == "text" else same(own, other)

    def _majority(self, answers: list[Answer]) -> float:
        """Return the share of the commonest answer."""
        return max(sum(self._same(one, other) is True for other in answers) for one in answers) / len(answers)

    def _final(self, response: Response, field: str | None) -> Answer:
        if response.tool_calls:
            return _structure(_named_calls(response.tool_calls))
        if self.extract is not None:
            value = self.extract(response.text)
            return NOTHING if value is None else _structure(value)
        reading = read(field_text(response.text, field))
        if self.compare == "number":
            return reading.number
        if self.compare == "text":
            return Text(normal=reading.normal) if reading.normal else NOTHING
        if self.compare == "json":
            try:
                return _structure(reading.json.value)
            except NotJson as error:
                return Unsure(reason=str(error))
        return reading.answer


def _structure(value: Any) -> Structure:
    return Structure(value=value, canonical=canonical(value))


def _named_calls(calls: tuple[Mapping[str, Any], ...]) -> list[list[Any]]:
    """Return names and arguments of tool calls, in order."""
    named = []
    for call in calls:
        function = call.get("function") or call
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            with suppress(NotJson):  # else the arguments are compared as text
                arguments = read(arguments).json.value
        named.append([function.get("name"), arguments])
    return named


def _name_of(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', '')}:{getattr(function, '__qualname__', type(function).__qualname__)}"
