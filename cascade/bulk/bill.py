"""The bill: what an exploration will cost, estimated before its first call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cascade.engine import Cascade
from cascade.prices import estimate_prompt_tokens
from cascade.sample import Sample
from cascade.usage import Usage

OUTPUT_TOKENS = 200
"""Tokens assumed for an answer where nothing was recorded yet that tells how long they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one rung will cost."""

    rung: str
    """The rung's name."""

    model: str
    """Its model."""

    calls: int
    """Answers that are missing."""

    usd: float
    """Estimated US dollars of them, verifiers' calls left out."""

    output_tokens: float
    """Tokens an answer that the estimate assumes."""

    recorded: bool
    """True where these tokens are the mean of what was recorded, not an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What an exploration will cost."""

    items: tuple[Item, ...]
    """One a rung, in ladder order."""

    paid_verifiers: tuple[str, ...]
    """Verifiers that make calls of their own, as `rung: name`: their cost is not in the estimate."""

    @property
    def usd(self) -> float:
        """US dollars of all rungs."""
        return sum(item.usd for item in self.items)

    @property
    def calls(self) -> int:
        """Answers that are missing on all rungs."""
        return sum(item.calls for item in self.items)


def estimate(samples: Iterable[Sample], app: Cascade) -> Bill:
    """Estimate what exploring the samples will cost.

    Input tokens are counted from the prompts, on the high side; output tokens are the mean of the rung's recordings,
    else `max_tokens` if that is smaller than the assumed 200.

    Raises:
        UnknownPrice: a rung has no price.
    """
    samples = list(samples)
    rungs = {rung.name: rung for ladder in (app.ladder, *app.ladder.tasks.values()) for rung in ladder}
    items = []
    for name, rung in rungs.items():
        missing = [s for s in samples if name in app.ladder.of(s.request.task).names and name not in s.recordings]
        mean = _mean_output(samples, name)
        cap = rung.params.get("max_completion_tokens") or rung.params.get("max_tokens") or OUTPUT_TOKENS
        output = mean if mean is not None else float(min(OUTPUT_TOKENS, cap))
        price = app.prices.price(rung.model, rung.price)
        prompts = sum(estimate_prompt_tokens(s.request.messages, {**rung.params, **s.request.params}) for s in missing)
        each = price.cost_usd(Usage(output_tokens=round(output)))
        usd = price.cost_usd(Usage(input_tokens=prompts)) + each * len(missing) if missing else 0.0
        items.append(
            Item(
                rung=name,
                model=rung.model,
                calls=len(missing),
                usd=usd,
                output_tokens=output,
                recorded=mean is not None,
            )
        )
    paid = dict.fromkeys(f"{rung.name}: {item.name}" for rung in rungs.values() for item in rung.verifiers if item.paid)
    return Bill(items=tuple(items), paid_verifiers=tuple(paid))


def _mean_output(samples: Sequence[Sample], rung: str) -> float | None:
    found = [s.recordings[rung].response.usage.output_tokens for s in samples if rung in s.recordings]
    found = [tokens for tokens in found if tokens > 0]
    return sum(found) / len(found) if found else None
