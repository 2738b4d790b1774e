"""What is booked and what was billed: usage that cannot be true, costs told elsewhere, concurrency, mixed faults.

    python -m benchmarks.money

A server on loopback answers, and keeps a ledger of what a provider would bill. Public names only, so that the same file
measures an earlier release: run it as a file from there, with PYTHONPATH=. set.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from typing import Any

from cascade import Cascade, Ladder, Limits, Price, Request, Result, Rung
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json
from tests.faults.server import Server
from verifiers import Refusal

PRICE = Price(input_usd=1e-6, output_usd=5e-6, cached_usd=1e-7, cache_write_usd=1.25e-6)
TOKENS_A_WORD = 3
WORDS = " ".join(f"word{number}" for number in range(800))
FAULTS = {
    "ok": 0.70, "hang": 0.03, "hang-after-headers": 0.02, "reset": 0.04, "hang-up": 0.03, "close-after-headers": 0.02,
    "half-json": 0.03, "truncated": 0.03, "empty-body": 0.02, "html": 0.02, "gateway-timeout": 0.02,
    "server-error": 0.02, "rate-limited-soon": 0.02,
}  # fmt: skip


def completion(text: str, usage: dict[str, Any], **more: Any) -> Reply:
    """Return an answer with a usage of one's own."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return as_json({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, **more})


def told(prompt: Any, answer: Any, **more: Any) -> dict[str, Any]:
    """Return a usage in OpenAI's form."""
    return {"prompt_tokens": prompt, "completion_tokens": answer, **more}


COST = {"input_tokens_cost": 1e-5, "output_tokens_cost": 5e-6, "request_cost": 0.005, "total_cost": 0.005015}
HOUR = {"cache_creation_input_tokens": 1000, "cache_creation": {"ephemeral_1h_input_tokens": 1000}}
CASES: Sequence[tuple[str, str, str, dict[str, Any], Reply, float]] = (
    # What, the model, the prompt, parameters, the answer, and the US dollars that it is billed at.
    ("9,999,999 tokens for `hi`", "openai/m", "hi", {}, completion("hi", told(2, 9_999_999)), 7e-6),
    ("1 + 1 tokens for 800 words", "openai/m", WORDS, {}, completion(WORDS, told(1, 1)), 2400e-6 + 2400 * 5e-6),
    ("`true` as a count, a sentence", "openai/m", "hi", {}, completion("one two " * 20, told(2, True)), 202e-6),
    ("thinking told by the total only", "openai/m", "hi", {}, completion("ok", told(10, 5, total_tokens=315)), 1535e-6),
    ("a cost object (Perplexity)", "perplexity/sonar", "hi", {}, completion("ok", told(10, 5, cost=COST)), 0.005015),
    ("cache writes for an hour", "openai/m", WORDS, {}, completion("ok", told(1000, 1, **HOUR)), 2005e-6),
    ("`cached_tokens` at the top", "openai/m", WORDS, {}, completion("ok", told(1000, 1, cached_tokens=900)), 195e-6),
    ("tier `priority`, asked", "openai/gpt-5", WORDS, {"service_tier": "priority"},
     completion("ok", told(1000, 1), service_tier="priority"), 2 * (1000 * 1.25e-6 + 1e-5)),
    ("tier `flex`", "openai/gpt-5", WORDS, {"service_tier": "flex"},
     completion("ok", told(1000, 1), service_tier="flex"), 0.5 * (1000 * 1.25e-6 + 1e-5)),
)  # fmt: skip


def opened(server: Server, model: str, *, price: Price | None = PRICE, **options: Any) -> Cascade:
    """Return a cascade of one rung at a server."""
    params, timeout_s = options.pop("params", {}), options.pop("timeout_s", 20.0)
    fields: dict[str, Any] = {"api_base": server.url, "api_key": "none", "timeout_s": timeout_s, "price": price}
    rung = Rung(model, name="r", verify=(Refusal(),), params=params, **fields)
    return Cascade(Ladder(rung), limits=Limits(breaker=None, **options))


def known_cases() -> None:
    """Print what single answers are booked at."""
    print("| answer | billed | booked | flags |\n|---|---|---|---|")
    for what, model, prompt, params, reply, billed in CASES:
        with Server() as server:
            server.script(reply)
            price = PRICE if model == "openai/m" else None
            with opened(server, model, price=price, params=params) as app:
                result = app.run(prompt)
        first = result.attempts[0]
        flags = first.response.flags if first.response is not None else (str(first.failure),)
        odd = " ".join(flag for flag in flags if flag.startswith("usage"))
        print(f"| {what} | ${billed:.6f} | ${result.cost_usd:.6f} | {odd} |")


def _lie(hit: Hit) -> Reply:
    """Answer as many words as `max_tokens` allows, and tell of one token."""
    most = int(hit.body.get("max_tokens") or TOKENS_A_WORD * len(WORDS)) // TOKENS_A_WORD
    words = WORDS.split()[:most]
    hit.answered = TOKENS_A_WORD * len(words)
    return completion(" ".join(words), told(1, 1))


def limits() -> None:
    """Print what limits let through."""
    print("\n| 200 requests | at once | answered | refused | booked | billed |\n|---|---|---|---|---|---|")
    huge = completion("hi", told(2, 9_999_999))
    for what, at_once, usd, prompt, behaviour in (
        ("$0.02 a day, no `max_tokens`, short answers", 200, 0.02, "Is it fine?", None),
        ("$0.02 a day, 800 words told as 1 + 1 tokens", 1, 0.02, WORDS, _lie),
        ("$20 a day, 9,999,999 tokens told for `hi`", 1, 20.0, "hi", lambda _: huge),
    ):
        with Server(count=lambda text: TOKENS_A_WORD * len(text.split())) as server:
            if behaviour is not None:
                server.script(*[behaviour] * 200)
            with opened(server, "openai/ok", usd_per_day=usd) as app:
                results = app.run_many([Request.of(prompt, id=f"r-{n}") for n in range(200)], concurrency=at_once)
            billed = sum(hit.asked * PRICE.input_usd + (hit.answered or 2) * PRICE.output_usd for hit in server.hits)
        outcomes = [result.outcome for result in results]
        booked = sum(result.cost_usd for result in results)
        print(f"| {what} | {at_once} | {outcomes.count('accepted')} | {outcomes.count('budget')} | ${booked:.6f} "
              f"| ${billed:.6f} |")  # fmt: skip


def mixed_faults(count: int = 1000) -> None:
    """Print what is told of the bill where three of ten tries fail."""
    rng = random.Random(5)
    words = WORDS.split()

    def prose(own: random.Random) -> str:
        return " ".join(own.choices(words, k=own.randint(5, 100)))

    requests = [Request.of(prose(rng), id=f"r-{number}") for number in range(count)]
    with Server(mode=FAULTS, seed=11, answer=prose) as server:
        with opened(server, "openai/m", timeout_s=1.0) as app:
            results = app.run_many(requests, concurrency=16)
        ledger = server.ledger
    billed = ledger.input_tokens * PRICE.input_usd + ledger.output_tokens * PRICE.output_usd
    known = _sum(results, "cost_usd")
    most, lost = _sum(results, "maybe_charged_usd"), billed - known
    guess = _sum(results, "maybe_charged_estimate_usd") or most
    print(f"\n| {count} requests, 30 % faults | US dollars | times what was billed without an answer |\n|---|---|---|")
    print(f"| billed, by the server's ledger | {billed:.6f} | |\n| known (lower bound) | {known:.6f} | |")
    print(f"| billed without an answer | {lost:.6f} | 1 |\n| estimate of it | {guess:.6f} | {guess / lost:.2f} |")
    print(f"| upper bound of it | {most:.6f} | {most / lost:.1f} |")


def _sum(results: Sequence[Result[Any]], name: str) -> float:
    return sum(getattr(result, name, 0.0) for result in results)


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    known_cases()
    limits()
    mixed_faults()


if __name__ == "__main__":
    main()
