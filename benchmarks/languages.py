"""Refusal, hedging and the trivial gate by language: made sentences, and English on the recorded sets.

    python -m benchmarks.languages

The sentences (tests/fixtures/languages) were written by hand for this measurement. Recorded sets hold English only.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from benchmarks.recorded_sets import FOLDER, PAIRS
from cascade.exchange import Exchange, ModelCall, Request, Response
from cascade.samples.jsonl import read_samples
from cascade.stats.auroc import auroc
from verifiers.hedging import Hedging
from verifiers.language import READ
from verifiers.refusal import Refusal
from verifiers.trivial import SILENT, trivial

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures" / "languages"
PASSED = 0.5
"""Score of an answer from which on it does not count as refused."""


def sentences(language: str) -> dict[str, list[tuple[str, str]]]:
    """Return the made sentences of a language by section, each with its request ('' where there is none)."""
    found: dict[str, list[tuple[str, str]]] = {}
    section: list[tuple[str, str]] = []
    for line in (FIXTURES / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            request, _, answer = line.rpartition(" => ")
            section.append((request, answer))
    return found


def exchange(answer: str, request: str = "", finish: str | None = "stop") -> Exchange:
    """Make an exchange of a request and an answer."""
    asked = Request.of(request or "…")
    call = ModelCall(rung="r", model="m", messages=asked.messages)
    return Exchange(request=asked, response=Response(text=answer, finish_reason=finish), rung="r", model="m", call=call)


def judged(verifier: Refusal | Hedging, section: list[tuple[str, str]]) -> list[float | None]:
    """Return the verifier's scores of the sentences of a section."""
    return [verifier.check(exchange(answer, request)).score for request, answer in section]


def by_language(language: str) -> dict[str, Any]:
    """Return what is found in one language."""
    made = sentences(language)
    refusal = Refusal(trivial=False)
    refused, answered = judged(refusal, made["refusals"]), judged(refusal, made["answers"])
    hedged, plain = judged(Hedging(), made["hedged"]), judged(Hedging(), made["plain"])
    return {
        "language": language,
        "refusals": len(refused),
        "detected": sum(score is not None and score < PASSED for score in refused),
        "answers": len(answered),
        "false alarms": sum(score is not None and score < PASSED for score in answered),
        "abstained": sum(score is None for score in refused + answered),
        "hedged": len(hedged),
        "hedges seen": sum(score is not None and score < 1.0 for score in hedged),
        "plain": len(plain),
        "plain hedged": sum(score is not None and score < 1.0 for score in plain),
    }


def recorded(name: str) -> dict[str, Any]:
    """Return what refusal, hedging and the gate make of the answers of one recorded set."""
    refusal, hedging = Refusal(trivial=False), Hedging()
    marks: dict[str, list[tuple[float, float]]] = {"refused": [], "half": [], "answered": [], "hedging": []}
    languages: dict[str, int] = {}
    n, gated, gated_right, seconds = 0, 0, 0.0, 0.0
    for sample in read_samples(FOLDER / f"{name}.jsonl.gz"):
        for recording in sample.recordings.values():
            response = recording.response
            if response is None or not response.text or recording.correct is None:
                continue
            given = Exchange(
                request=sample.request,
                response=Response(text=response.text, finish_reason="stop"),
                rung="r",
                model="m",
                call=ModelCall(rung="r", model="m", messages=sample.request.messages),
            )
            n, right = n + 1, recording.correct
            start = time.perf_counter()
            verdict, hedges = refusal.check(given), hedging.check(given)
            seconds += time.perf_counter() - start
            for flag in verdict.flags:
                languages[flag] = languages.get(flag, 0) + 1
            if verdict.score is not None:
                kind = "refused" if verdict.score < PASSED else "answered" if verdict.score == 1.0 else "half"
                marks[kind].append((verdict.score, right))
            if hedges.score is not None:
                marks["hedging"].append((hedges.score, right))
            why = trivial(response.text, sample.request.prompt)
            if why not in (None, SILENT) and sample.request.schema is None:
                gated, gated_right = gated + 1, gated_right + right
    scores = marks["hedging"]
    return {
        "set": name,
        "n": n,
        **{
            kind: (len(marks[kind]), _mean([right for _, right in marks[kind]]))
            for kind in ("refused", "half", "answered")
        },
        "abstained": languages,
        "auroc": auroc([score for score, _ in scores], [right >= PASSED for _, right in scores])
        if scores
        else math.nan,
        "gated": (gated, gated_right),
        "us": 1e6 * seconds / max(1, n),
    }


def openers() -> tuple[int, list[str]]:
    """Return how many fresh openers there are, and which of them the gate lets pass."""
    texts = [line for line in (FIXTURES / "openers.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    return len(texts), [text for text in texts if trivial(text, "What is 2+2?") is None]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def main() -> None:
    """Print the tables."""
    print("| language | refusals detected | false alarms | abstained | hedges seen | plain taken for hedged |")
    print("|---|---|---|---|---|---|")
    for row in map(by_language, READ):
        print(
            f"| {row['language']} | {row['detected']} of {row['refusals']} | {row['false alarms']} of {row['answers']} "
            f"| {row['abstained']} | {row['hedges seen']} of {row['hedged']} "
            f"| {row['plain hedged']} of {row['plain']} |"
        )
    n, missed = openers()
    print(f"\nFresh openers: {n - len(missed)} of {n} caught; missed: {missed}")
    if FOLDER.exists():
        print(
            "\n| set | answers | refused (right) | half (right) | others right | abstained | AUROC hedging "
            "| gated (right) | µs |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        for found in map(recorded, PAIRS):
            cells = " | ".join(f"{count} ({mean:.2f})" for count, mean in (found["refused"], found["half"]))
            print(
                f"| {found['set']} | {found['n']} | {cells} | {found['answered'][1]:.2f} | {found['abstained'] or 0} "
                f"| {found['auroc']:.2f} | {found['gated'][0]} ({found['gated'][1]:.1f}) | {found['us']:.0f} |"
            )


if __name__ == "__main__":
    main()
