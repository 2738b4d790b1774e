"""Log-probabilities of a choice, in each of the forms in which servers report them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cascade.dialects.shape import MOST_ALTERNATIVES, MOST_ENTRIES
from cascade.exchange import EMPTY, TokenLogProb


def read_logprobs(
    reported: Any, alternatives: int = MOST_ALTERNATIVES, *, most: int = MOST_ENTRIES
) -> tuple[TokenLogProb, ...] | None:
    """Return the answer's tokens with their log-probabilities (NaN: it was no number); None where there are none.

    Read are OpenAI's form (`content`), the older one (`tokens`, `token_logprobs`: Together, llama-cpp-python, older
    vLLM), llama.cpp's own (`completion_probabilities`), Gemini's (`chosenCandidates`), and a bare list of entries.

    Args:
        reported: what stands in the place of log-probabilities.
        alternatives: how many alternatives of each token are read.
        most: how many tokens are read.
    """
    told = reported if isinstance(reported, Mapping) else EMPTY
    listed = next(
        (found for found in (told.get("content"), told.get("completion_probabilities"), reported) if _is_list(found)),
        None,
    )
    if listed is not None:
        return tuple(read_tokens(listed[:most], alternatives)) or None
    if _is_list(told.get("chosenCandidates")):
        return tuple(_of_gemini(told, alternatives, most)) or None
    return tuple(_of_columns(told, alternatives, most)) or None


def read_tokens(entries: Sequence[Any], alternatives: int) -> list[TokenLogProb]:
    """Return tokens with their log-probabilities, and the first so many alternatives of each."""
    return [_of_entry(_mapping(item), alternatives) for item in entries]


def choice_logprobs(choice: Mapping[str, Any], body: Mapping[str, Any]) -> Any:
    """Return what a server puts in the place of a choice's log-probabilities: in the choice, or beside the choices."""
    places = (choice.get("logprobs"), choice.get("completion_probabilities"), body.get("completion_probabilities"))
    return next((place for place in places if place), None)


def _of_entry(item: Mapping[str, Any], alternatives: int) -> TokenLogProb:
    others = item.get("top_logprobs", item.get("probs"))
    return TokenLogProb(
        token=_text(item.get("token", item.get("content"))),
        logprob=_logprob(item, others),
        top=tuple(
            (_text(other.get("token", other.get("tok_str"))) or "", _own_logprob(other))
            for other in map(_mapping, _sequence(others)[:alternatives])
        ),
    )


def _logprob(item: Mapping[str, Any], others: Any) -> float:
    """Return the token's own figure; older llama.cpp gives it among the alternatives only, as a probability."""
    if "logprob" in item or "prob" in item or "content" not in item:
        return _own_logprob(item)
    chosen = item["content"]
    found = (other for other in map(_mapping, _sequence(others)) if other.get("tok_str") == chosen)
    return _own_logprob(next(found, EMPTY))


def _own_logprob(item: Mapping[str, Any]) -> float:
    if "logprob" in item or "prob" not in item:
        return _figure(item.get("logprob"))
    probability = _figure(item["prob"])
    return -math.inf if probability == 0.0 else math.log(probability) if probability > 0.0 else math.nan


def _of_columns(told: Mapping[str, Any], alternatives: int, most: int) -> Iterator[TokenLogProb]:
    """Yield the tokens of the older form: one list of texts, one of figures, one of tables of alternatives."""
    figures = _sequence(told.get("token_logprobs"))
    texts, tops = _sequence(told.get("tokens")), _sequence(told.get("top_logprobs"))
    for place, figure in enumerate(figures[:most]):
        if figure is None:
            continue  # the first token of an echoed prompt has none
        top = tops[place] if place < len(tops) else None
        yield TokenLogProb(
            token=_text(texts[place]) if place < len(texts) else None,
            logprob=_figure(figure),
            top=tuple((str(text), _figure(value)) for text, value in [*_mapping(top).items()][:alternatives]),
        )


def _of_gemini(told: Mapping[str, Any], alternatives: int, most: int) -> Iterator[TokenLogProb]:
    tops = _sequence(told.get("topCandidates"))
    for place, chosen in enumerate(map(_mapping, told["chosenCandidates"][:most])):
        others = _sequence(_mapping(tops[place]).get("candidates")) if place < len(tops) else ()
        yield TokenLogProb(
            token=_text(chosen.get("token")),
            logprob=_figure(chosen.get("logProbability")),
            top=tuple(
                (_text(other.get("token")) or "", _figure(other.get("logProbability")))
                for other in map(_mapping, others[:alternatives])
            ),
        )


def _figure(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else EMPTY


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
