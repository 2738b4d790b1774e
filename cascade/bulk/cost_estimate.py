"""Cost estimate of an exploration, before its first call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cascade.engine.cascade import Cascade
from cascade.ladder import Rung
from cascade.prices import PriceBook, estimate_prompt_tokens
from cascade.samples.sample import Sample
from cascade.usage import Price, Usage
from cascade.verdict import Verifier

OUTPUT_TOKENS = 200
"""Assumed tokens of an answer, if no recording shows their length."""

RUBRIC_TOKENS = 450
"""Assumed tokens of a judge's instructions and rubric."""

JUDGE_TOKENS = 60
"""Assumed tokens of a judge's reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostItem:
    """Cost estimate of one rung, or of one paid verifier on it."""

    rung: str
    """The rung's name, or `rung: verifier`."""

    model: str
    """Its model."""

    calls: int
    """Calls to make."""

    usd: float
    """Estimated cost in US dollars."""

    output_tokens: float
    """Assumed tokens per answer."""

    recorded: bool
    """True if these tokens are the mean of recordings, not an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """Cost estimate of an exploration."""

    items: tuple[CostItem, ...]
    """One item per rung in ladder order, each followed by its paid verifiers, as `rung: verifier`."""

    @property
    def usd(self) -> float:
        """Total in US dollars."""
        return sum(item.usd for item in self.items)

    @property
    def calls(self) -> int:
        """Total number of calls."""
        return sum(item.calls for item in self.items)


def estimate(samples: Iterable[Sample], app: Cascade, *, batched: bool = False) -> CostEstimate:
    """Estimate the cost of exploring the samples.

    Input tokens are an upper estimate from the prompts; output tokens are the mean of the rung's recordings, else
    `max_tokens` if that is below the assumed 200. Verifiers that a free veto would skip are counted. `batched`
    takes the prices of provider batches.

    Raises:
        UnknownPrice: a rung has no price.
    """
    samples = list(samples)
    rungs = {rung.name: rung for ladder in (app.ladder, *app.ladder.tasks.values()) for rung in ladder}
    items = []
    for name, rung in rungs.items():
        due_on = [s for s in samples if name in app.ladder.of(s.request.task).names]
        missing = [s for s in due_on if name not in s.recordings]
        mean = _mean_output(samples, name)
        cap = rung.params.get("max_completion_tokens") or rung.params.get("max_tokens") or OUTPUT_TOKENS
        output = mean if mean is not None else float(min(OUTPUT_TOKENS, cap))
        price = _price(app.prices, rung.model, rung.price, batched=batched)
        prompts = [estimate_prompt_tokens(s.request.messages, {**rung.params, **s.request.params}) for s in missing]
        items.append(
            CostItem(
                rung=name,
                model=rung.model,
                calls=len(missing),
                usd=_usd(price, prompts, output),
                output_tokens=output,
                recorded=mean is not None,
            )
        )
        for verifier in rung.verifiers:
            if verifier.paid:
                due = [s for s in due_on if not _has(s, name, verifier.name)]
                items.append(_verifier_item(rung, verifier, due, output, app.prices, batched=batched))
    return CostEstimate(items=tuple(items))


def _has(sample: Sample, rung: str, verifier: str) -> bool:
    recording = sample.recordings.get(rung)
    return recording is not None and (
        verifier in recording.verdicts or any(verdict.veto for verdict in recording.verdicts.values())
    )


def _verifier_item(
    rung: Rung, verifier: Verifier, due: Sequence[Sample], output_tokens: float, prices: PriceBook, *, batched: bool
) -> CostItem:
    """Estimate the cost of a paid verifier: a judge by question, answer, rubric; resampling by the rung's answers."""
    model, votes = getattr(verifier, "model", None), int(getattr(verifier, "votes", 0) or 0)
    repeats = votes or int(getattr(verifier, "samples", 0) or 0) or 1
    priced = (model, getattr(verifier, "price", None)) if model else (rung.model, rung.price)
    price = _price(prices, *priced, batched=batched)
    each, more = (float(JUDGE_TOKENS), round(output_tokens + RUBRIC_TOKENS)) if votes else (output_tokens, 0)
    prompts = [estimate_prompt_tokens(s.request.messages, s.request.params) + more for s in due]
    return CostItem(
        rung=f"{rung.name}: {verifier.name}",
        model=str(model or rung.model),
        calls=len(due) * repeats,
        usd=_usd(price, prompts, each) * repeats,
        output_tokens=each,
        recorded=False,
    )


def _price(prices: PriceBook, model: str, given: Price | None, *, batched: bool) -> Price:
    price = prices.price(model, given)
    return price.batched() if batched else price


def _usd(price: Price, prompts: Sequence[int], output_tokens: float) -> float:
    return sum(price.cost_usd(Usage(input_tokens=tokens, output_tokens=round(output_tokens))) for tokens in prompts)


def _mean_output(samples: Sequence[Sample], rung: str) -> float | None:
    found = [s.recordings[rung].response.usage.output_tokens for s in samples if rung in s.recordings]
    found = [tokens for tokens in found if tokens > 0]
    return sum(found) / len(found) if found else None
