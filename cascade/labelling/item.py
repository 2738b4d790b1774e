"""Items: a sample as an annotator sees it, the question and its answers in blinded order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cascade.exchange import Response, text_of
from cascade.hashing import content_id, unit
from cascade.labelling.annotation import HUMAN, annotators
from cascade.labelling.mark import mark_of
from cascade.policy.policy import SALT
from cascade.samples.sample import Recording, Sample

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Letters of the answers; further answers of a sample are not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One distinct answer, with all rungs that gave it."""

    id: str
    """Hash of its content."""

    text: str
    """Its text, with tool calls as JSON."""

    rungs: tuple[str, ...]
    """The rungs that gave it; never shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One sample to label."""

    key: tuple[str, str]
    """Its task and id."""

    messages: tuple[tuple[str, str], ...]
    """The chat: role and text."""

    gold: str | None
    """The gold answer, if it is shown."""

    answers: tuple[Answer, ...]
    """In display order."""

    @property
    def content(self) -> list[Any]:
        """The content that labels refer to: if it changes, they are void."""
        return [list(self.key), [list(message) for message in self.messages], sorted(a.id for a in self.answers)]


def lay_items(
    samples: Iterable[Sample],
    annotator: str,
    *,
    rungs: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
    everything: bool = False,
    show_gold: bool = False,
) -> list[Item]:
    """Return an annotator's items, in a hashed order that all annotators share, so that they overlap early.

    If a draw chose samples (`cascade next-labels`), only these. Answers with a machine's label, or one of this
    annotator, are left out, unless `everything`. Equal answers of several rungs are shown once.
    """
    wanted = [sample for sample in samples if tasks is None or sample.request.task in tasks]
    if not everything and any(mark_of(sample).chosen for sample in wanted):
        wanted = [sample for sample in wanted if mark_of(sample).chosen]
    items = []
    for sample in wanted:
        answers = _answers(sample, annotator, rungs, everything=everything)
        if answers:
            items.append(lay_item(sample, annotator, [answer.rungs for answer in answers], show_gold=show_gold))
    return sorted(items, key=lambda item: _u("queue", item.key, ""))


def lay_item(sample: Sample, annotator: str, answers: Sequence[Sequence[str]], *, show_gold: bool = False) -> Item:
    """Return one sample as an annotator's item: of each distinct answer, given by its rungs, the first one's words."""
    texts = [shown(sample.recordings[rungs[0]].response) for rungs in answers]
    found = [
        Answer(id=content_id(text), text=text, rungs=tuple(rungs)) for text, rungs in zip(texts, answers, strict=True)
    ]
    messages = tuple((str(m.get("role", "")), _said(m)) for m in sample.request.messages)
    gold = None if sample.gold is None or not show_gold else _text(sample.gold)
    blind = _blinded(found, sample, annotator)[: len(LETTERS)]
    return Item(key=sample.key, messages=messages, gold=gold, answers=blind)


def _blinded(answers: Sequence[Answer], sample: Sample, annotator: str) -> tuple[Answer, ...]:
    # Hash the annotator too: two annotators should not see the same answer first.
    return tuple(sorted(answers, key=lambda answer: _u(f"blind:{annotator}", sample.key, answer.id)))


def _answers(sample: Sample, annotator: str, rungs: Sequence[str] | None, *, everything: bool) -> tuple[Answer, ...]:
    found: dict[str, tuple[str, list[str]]] = {}
    for rung, recording in sample.recordings.items():
        if (rungs is None or rung in rungs) and (everything or _open(recording, annotator)):
            text = shown(recording.response)
            found.setdefault(content_id(text), (text, []))[1].append(rung)
    answers = [Answer(id=name, text=text, rungs=tuple(own)) for name, (text, own) in found.items()]
    return _blinded(answers, sample, annotator)


def _open(recording: Recording, annotator: str) -> bool:
    """Return whether this annotator's label is still needed."""
    if recording.correct is None:
        return True
    return recording.label_source == HUMAN and annotator not in annotators(recording)


def shown(response: Response) -> str:
    """Format an answer as text: its content, then its tool calls as JSON."""
    calls = [call.get("function", call) for call in response.tool_calls]
    parts = [response.text, *(f"{call.get('name')}({_text(call.get('arguments'))})" for call in calls)]
    return "\n".join(part for part in parts if part)


def _said(message: Any) -> str:
    content = message.get("content")
    others = [
        f"[{part.get('type', 'part')}]"
        for part in (content if isinstance(content, list | tuple) else ())
        if isinstance(part, dict) and not isinstance(part.get("text"), str)
    ]
    calls = message.get("tool_calls")
    return "\n".join(part for part in (text_of(content), *others, _text(calls) if calls else "") if part)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _u(purpose: str, key: tuple[str, str], name: str) -> float:
    return unit(salt=SALT, purpose=purpose, task=key[0], rung=name, request_id=key[1])
