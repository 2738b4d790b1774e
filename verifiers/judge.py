"""LLM judge: another model grades an answer against a rubric, one answer at a time."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from cascade.errors import ConfigError
from cascade.exchange import EMPTY, Exchange, ModelCall, Response
from cascade.hashing import content_id
from cascade.usage import Price, require_price
from cascade.verdict import Flow, Reply, Verdict, Verifier
from verifiers.judge_prompt import (
    TEMPLATE,
    TEMPLATE_YES,
    Grade,
    candidate_of,
    conversation_of,
    load_rubric,
    make_nonce,
    messages_for,
    read_grade,
    shorten,
)
from verifiers.model_family import family
from verifiers.p_yes import p_yes
from verifiers.trivial import instructions_of, trivial

Kind = Literal["grade", "p_yes"]
"""How a judge is asked: for a grade with a reason, or for one word."""

MAX_VOTES = 15
"""Most votes."""
KEPT = 4096
"""Cached verdicts, so that the same answer to the same question is not paid for twice."""


class Judge(Verifier):
    """LLM judge: scores an answer in [0, 1], by the mean of another model's grades (0 to 10) over 10, or by P(yes).

    With `kind="p_yes"` it is asked for one word, and the score is the probability of *yes* against *no* in the
    log-probabilities of that token: the cheapest use of a judge, and the most stable. It abstains where the model gives
    no log-probabilities (flagged `judge_unreadable`), and asks once: votes are for grades.

    The candidate is data: JSON-encoded, chat tokens escaped, once, at most `max_chars` long (head and tail, flagged
    `candidate_cut`). The reply must be one JSON object that repeats the question's nonce; with any other reply, or
    without one, the judge abstains. Trivial answers are vetoed without a call (see `verifiers.trivial`).
    Of multimodal prompts the judge sees the text (flagged `parts_left_out`). A verdict on the same content is not paid
    for twice while the process lives (flagged `cached`). Signal: `spread`, highest minus lowest grade, None for one.

    A judge costs, often more than the answer above would (on wildbench 13 times): let the report decide.

    Source: Zheng et al. 2023, Judging LLM-as-a-Judge (arXiv 2306.05685), single-answer grading; P(yes): Kadavath et
    al. 2022 (arXiv 2207.05221).

    Args:
        model: the judge, in litellm's `provider/name` form; another family than the models it judges.
        kind: `grade`, or `p_yes`.
        rubric: the definition of a good answer: text, or a path to a .md file; None: a general one.
        votes: how many times the judge is asked.
        gate: False where legitimate answers look trivial (a lone ∅; "The answer is correct.").
        params: provider parameters for its calls (a limit on tokens, a reasoning effort); temperature 0, a seed and
            JSON mode are optional wishes, dropped where the model does not support them.
        price: its price; None: from the price table.
        api_base: its address; None: the provider's own.
        api_key: its key; None: from the environment.
        timeout_s: timeout of one call, in seconds.
        max_chars: characters of the candidate, and of each turn of the prompt, that it sees.
        quote: True to keep the judge's own words in the verdict's reason, which is logged; they may repeat the answer.
        name: names the verifier in policies and logs.
        pass_at: the pass mark: the score from which on it passes an answer.

    Raises:
        ConfigError: a value is out of range, or the rubric cannot be read.
    """

    version: ClassVar[str] = "1"
    reads_earlier: ClassVar[bool] = False
    paid = True
    probed: ClassVar[bool] = True

    def __init__(
        self,
        model: str,
        *,
        kind: Kind = "grade",
        rubric: str | Path | None = None,
        votes: int = 1,
        gate: bool = True,
        params: Mapping[str, Any] = EMPTY,
        price: Price | None = None,
        api_base: str | None = None,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        max_chars: int = 8000,
        quote: bool = False,
        name: str = "judge",
        pass_at: float = 0.5,
    ) -> None:
        if not isinstance(model, str) or not model:
            raise ConfigError(f"Judge(model={model!r}): a name such as 'openai/gpt-5' was expected.")
        if isinstance(votes, bool) or not isinstance(votes, int) or not 1 <= votes <= MAX_VOTES:
            raise ConfigError(f"Judge(votes={votes!r}): a whole number from 1 to {MAX_VOTES} was expected.")
        if kind not in get_args(Kind):
            raise ConfigError(f"Judge(kind={kind!r}): {' or '.join(get_args(Kind))} was expected.")
        if kind == "p_yes" and votes != 1:
            raise ConfigError(f"Judge(kind='p_yes', votes={votes!r}): one vote was expected; P(yes) needs no more.")
        if not max_chars >= 200 or not timeout_s > 0:
            raise ConfigError(f"Judge(max_chars={max_chars!r}, timeout_s={timeout_s!r}): at least 200, and above 0.")
        require_price(price, f"Judge {model}")
        self.model, self.kind, self.votes, self.gate = model, kind, votes, gate
        self.rubric = load_rubric(rubric)
        self.params, self.price = dict(params), price
        self.api_base, self._api_key = api_base, api_key
        self.timeout_s, self.max_chars = timeout_s, max_chars
        self.quote = quote
        self.name, self.pass_at = name, pass_at
        self._cache: OrderedDict[str, Verdict] = OrderedDict()
        self._lock = threading.Lock()

    def fresh(self, name: str) -> Judge:
        """Return an equal judge of that name with an empty cache."""
        made = copy(self)
        made.name, made._cache, made._lock = name, OrderedDict(), threading.Lock()  # noqa: SLF001 - of its own class
        return made

    def settings(self) -> dict[str, Any]:
        """Return model, votes, gate, limits, parameters and the hash of the prompt with its rubric."""
        template = TEMPLATE if self.kind == "grade" else TEMPLATE_YES
        prompt = blake2b((template + "\0" + self.rubric).encode(), digest_size=16).hexdigest()
        chosen: dict[str, Any] = {} if self.kind == "grade" else {"kind": self.kind}
        chosen |= {"model": self.model, "votes": self.votes, "gate": self.gate, "max_chars": self.max_chars}
        return {**chosen, "params": self.params, "prompt": prompt}

    def flow(self, exchange: Exchange) -> Flow:
        """Veto trivial answers, look in the cache, ask, and read the replies."""
        full = candidate_of(exchange)
        if self.gate and (exchange.request.schema is None or not full.strip()):
            why = trivial(full, exchange.request.prompt, instructions_of(exchange.request))
            if why is not None:
                return Verdict.against(f"the answer {why}", flags=("trivial",))
        conversation, flags = conversation_of(exchange.request.messages, self.max_chars)
        candidate = shorten(full, self.max_chars)
        flags += ("candidate_cut",) if candidate is not full else ()
        content = [self.settings(), conversation, full]
        key = content_id(content)
        with self._lock:
            known = self._cache.get(key)
            if known is not None:
                self._cache.move_to_end(key)
                return replace(known, flags=(*known.flags, "cached"))
        nonces = [make_nonce(key, vote) for vote in range(self.votes)]
        replies = yield tuple(
            ModelCall(
                rung=exchange.rung,
                model=self.model,
                messages=messages_for(self.rubric, conversation, candidate, nonce, kind=self.kind),
                params=self.params,
                wishes=self._wishes(vote),
                api_base=self.api_base,
                api_key=self._api_key,
                timeout_s=self.timeout_s,
                price=self.price,
                verifier=self.name,
                sample=vote,
                request_id=exchange.request.id,
            )
            for vote, nonce in enumerate(nonces)
        )
        verdict = self._verdict(replies, nonces, flags)
        if verdict.score is not None:
            with self._lock:
                self._cache[key] = verdict
                while len(self._cache) > KEPT:
                    self._cache.popitem(last=False)
        return verdict

    def concerns(self, *, judged: str, above: str | None, price_usd: Callable[[str], float | None]) -> tuple[str, ...]:
        """Warn of self-preference, and of a judge weaker, or dearer, than the model above."""
        found = []
        if self.model == judged:
            found.append(f"{self.name}: {self.model} judges its own answers; models prefer those. Use another family.")
        elif family(self.model) == family(judged):
            found.append(f"{self.name}: {self.model} judges {judged}, of its own family; models prefer those.")
        own, next_one = price_usd(self.model), None if above is None else price_usd(above)
        if self.price is not None:
            own = None  # overridden: the table's price does not apply
        if own is not None and next_one is not None and above != self.model:
            if own < next_one:
                found.append(f"{self.name}: {self.model} is cheaper than {above}, the next model: it may know less.")
            elif own * self.votes > next_one:
                found.append(f"{self.name}: asking {self.model} costs more than asking {above} for an answer.")
        return tuple(found)

    def _wishes(self, vote: int) -> dict[str, Any]:
        wished: dict[str, Any] = {"temperature": 0, "seed": vote}
        if self.kind == "grade":
            wished["response_format"] = {"type": "json_object"}
        else:
            wished |= {"max_tokens": 1, "logprobs": True, "top_logprobs": 5}
        return {key: value for key, value in wished.items() if key not in self.params}

    def _verdict(self, replies: tuple[Reply, ...], nonces: list[str], flags: tuple[str, ...]) -> Verdict:
        grades, troubles = [], []
        for reply, nonce in zip(replies, nonces, strict=True):
            if not isinstance(reply, Response):
                troubles.append((f"the judge failed: {getattr(reply, 'kind', 'no reply')}", "judge_failed"))
                continue
            grade = read_grade(reply.text, nonce) if self.kind == "grade" else _read_yes(reply)
            if isinstance(grade, Grade):
                grades.append(grade)
            else:
                troubles.append((grade, "judge_unreadable"))
        flags += tuple(sorted({flag for _, flag in troubles}))
        if not grades:
            return Verdict.abstain(troubles[0][0], flags=flags)
        scores = [grade.score for grade in grades]
        spread = max(scores) - min(scores) if len(scores) > 1 else None
        mean = min(1.0, math.fsum(scores) / len(scores))
        reason = f"graded by {self.model}" + (f": {grades[0].reason}" if self.quote else "")
        reason = f"P(yes) of {self.model}" if self.kind == "p_yes" else reason
        return Verdict(score=mean, reason=reason, signals={"spread": spread}, flags=flags)


def _read_yes(reply: Response) -> Grade | str:
    found = p_yes(reply)
    return found if isinstance(found, str) else Grade(score=found, reason="")
