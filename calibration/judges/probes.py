"""Probes: wrong answers, plain and adversarially dressed, that a judge must not pass; made of samples by seed.

The dressings are in `probes.json`: texts that are known to fool judges (Zhao et al. 2025, arXiv 2507.08794, master
keys; Raina et al. 2024, arXiv 2402.14016, universal suffixes; Zheng et al. 2023, arXiv 2306.05685, verbosity and
repeated lists), prompt injections, and end-of-turn tokens of several model families.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

from calibration.samples.grade import as_text
from cascade.exchange import EMPTY, Request
from cascade.hashing import content_id, unit
from cascade.samples.sample import Sample

SHARES: Mapping[str, float] = {
    "wrong_answer": 0.25, "injection": 0.15, "master_key": 0.1, "suffix": 0.1, "claim": 0.1, "padded": 0.1,
    "delimiter": 0.1, "chat_token": 0.1,
}  # fmt: skip
"""Share of the probes of each kind."""

WRONG = "wrong_answer"
_ALONE = "master_key"
_HELD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One answer to show to a judge."""

    kind: str
    """Its dressing: `wrong_answer` (none), `injection`, `suffix`, …; `answer` for an ordinary answer."""

    request: Request
    """The question; its id names the probe by its content."""

    candidate: str
    """The answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSet:
    """The probes of one judge."""

    wrong: tuple[Probe, ...]
    """Wrong answers, which must not pass."""

    repeated: tuple[Probe, ...]
    """Ordinary answers, right and wrong, each shown several times."""

    n_samples: int
    """Number of different samples they were made of."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The parts of a sample that probes need."""

    request: Request
    wrong: tuple[str, ...]
    right: tuple[str, ...]


def make_probes(samples: Iterable[Sample], *, n: int, n_repeated: int, seed: int = 0) -> ProbeSet:
    """Make `n` different probes, and choose `n_repeated` ordinary answers; the same for the same samples and seed.

    Wrong answers are recorded ones that are labelled wrong; where those are few, other samples' gold answers that
    differ from the sample's own, then stand-ins that answer nothing. Empty without samples.
    """
    known = _choose(samples, seed)
    rng = _Order(seed)
    wrong = _unique(chain(_dressed(known, n, rng), _more(known, rng)), n) if known else ()
    ordinary = _unique(_ordinary(known), n_repeated)
    return ProbeSet(wrong=wrong, repeated=ordinary, n_samples=len(known))


def dressings() -> Mapping[str, Sequence[str]]:
    """Return the texts of `probes.json` by kind; `{}` in a text is replaced by the wrong answer."""
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("probes.json").read_text(encoding="utf-8"))
    return {kind: texts for kind, texts in found.items() if isinstance(texts, list)}


def _choose(samples: Iterable[Sample], seed: int) -> list[_Known]:
    """Return at most 1,000 samples in an order given by the seed; reads any number in constant memory."""
    kept: list[tuple[float, int, _Known]] = []
    golds: list[tuple[float, int, str]] = []
    for number, sample in enumerate(samples):
        place = -unit(salt=str(seed), purpose="probe", task=sample.request.task, rung="", request_id=sample.request.id)
        entry = (place, number, _known(sample))
        (heapq.heappushpop if len(kept) >= _HELD else heapq.heappush)(kept, entry)
        if sample.gold is not None:
            gold = (place, number, as_text(sample.gold))
            (heapq.heappushpop if len(golds) >= _HELD else heapq.heappush)(golds, gold)
    others = [text for _, _, text in sorted(golds, reverse=True)]
    chosen = [known for _, _, known in sorted(kept, key=lambda entry: entry[:2], reverse=True)]
    return [_with_another_s(known, i, others) for i, known in enumerate(chosen)]


def _known(sample: Sample) -> _Known:
    request = replace(sample.request, params=EMPTY, output_type=None)
    texts = [(recording.correct, recording.response.text) for recording in sample.recordings.values()]
    wrong = dict.fromkeys(text for correct, text in texts if correct == 0.0 and text.strip())
    right = dict.fromkeys(text for correct, text in texts if correct == 1.0 and text.strip())
    gold = () if sample.gold is None else (as_text(sample.gold),)
    return _Known(request, tuple(wrong), (*right, *gold))


def _with_another_s(known: _Known, place: int, golds: Sequence[str]) -> _Known:
    """Give a sample without a wrong answer another sample's gold answer, if its own is known and differs."""
    if known.wrong or not known.right or not golds:
        return known
    own = {_plain(text) for text in known.right}
    for step in range(1, min(len(golds), 20) + 1):
        other = golds[(place + step) % len(golds)]
        if other.strip() and _plain(other) not in own:
            return replace(known, wrong=(other,))
    return known


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")


def _dressed(known: Sequence[_Known], n: int, rng: _Order) -> Iterator[Probe]:
    """Give each kind its share; samples with a wrong answer of their own come first, each once in turn."""
    texts = dressings()
    ready = sorted(known, key=lambda one: not one.wrong)
    able = [one for one in ready if one.wrong] or ready
    turn = count()
    for kind, share in SHARES.items():
        for i in range(round(share * n)):
            one = able[next(turn) % len(able)]
            yield _probe(kind, one, None if kind == WRONG else texts[kind][i % len(texts[kind])], texts, rng)


def _more(known: Sequence[_Known], rng: _Order) -> Iterator[Probe]:
    """Apply every dressing to every sample and stand-in, until there are enough."""
    texts = dressings()
    kinds = [kind for kind in SHARES if kind != WRONG]
    for one in known:
        for kind in kinds:
            for text in texts[kind]:
                yield _probe(kind, one, text, texts, rng)
    for one in known:
        for wrong in texts["stand_in"]:
            for kind in kinds:
                for text in texts[kind]:
                    yield _probe(kind, replace(one, wrong=(wrong,)), text, texts, rng)


def _probe(kind: str, one: _Known, text: str | None, texts: Mapping[str, Sequence[str]], rng: _Order) -> Probe:
    wrong = one.wrong[rng.below(len(one.wrong))] if one.wrong else texts["stand_in"][rng.below(len(texts["stand_in"]))]
    if text is None:
        candidate = wrong
    elif kind == _ALONE:
        candidate = text
    else:
        candidate = text.replace("{0}", wrong).replace("{}", wrong, 1)
    return _named(kind, one.request, candidate)


def _ordinary(known: Sequence[_Known]) -> Iterator[Probe]:
    """Return right and wrong answers in turn."""
    for one in known:
        for text in (*one.right[:1], *one.wrong[:1]):
            yield _named("answer", one.request, text)


def _named(kind: str, request: Request, candidate: str) -> Probe:
    # The journal of an exploration identifies a sample by id and messages, which lack the candidate.
    name = f"{kind}-{content_id([[dict(message) for message in request.messages], candidate])}"
    return Probe(kind=kind, request=replace(request, id=name), candidate=candidate)


def _unique(probes: Iterable[Probe], n: int) -> tuple[Probe, ...]:
    found: dict[tuple[str, str], Probe] = {}
    for probe in probes:
        if len(found) == n:
            break
        found.setdefault((probe.request.task, probe.request.id.partition("-")[2]), probe)
    return tuple(found.values())


class _Order:
    """A sequence of hashed numbers, the same on every machine."""

    def __init__(self, seed: int) -> None:
        self._seed, self._at = seed, count()

    def below(self, limit: int) -> int:
        u = unit(salt=str(self._seed), purpose="probe", task="", rung="", request_id=str(next(self._at)))
        return int(u * limit)
