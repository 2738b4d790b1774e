"""One annotator's sitting: which answer is asked about now, what a key does, and what was said so far.

Terminal and browser are two windows onto it. One answer after another is asked about, in one dimension after another;
every key is kept at once, so a sitting can end anywhere and go on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cascade.bulk.journal import Journal
from cascade.labelling.item import LETTERS, Item

KEYS: dict[str, tuple[str, float | None]] = {
    "1": ("right", 1.0),
    "y": ("right", 1.0),
    "0": ("wrong", 0.0),
    "n": ("wrong", 0.0),
    "2": ("half right", 0.5),
    "h": ("half right", 0.5),
    "s": ("cannot tell", None),
}
"""What a key says of the answer in question."""

UNDO = ("u", "Backspace")
QUIT = ("q",)

HELP = "1 right · 0 wrong · 2 half · s cannot tell · u undo · q save and quit"
"""The keys, for people."""


class Session:
    """What was said, and what is asked next."""

    def __init__(self, items: Sequence[Item], journal: Journal, *, dimensions: Sequence[str] = ("correct",)) -> None:
        """Begin, or go on where the journal ends.

        Args:
            items: what is to be labelled, in order.
            journal: where every key is kept.
            dimensions: what is asked of each answer, in order.
        """
        self.items = list(items)
        self.dimensions = tuple(dimensions)
        self.ended = False
        self._journal = journal
        self._said: list[list[float | None]] = []
        for item in self.items:
            kept = journal.get(item.key, self._content(item)) or {}
            # Kept as the order of answers was, which is hashed and so the same again.
            self._said.append(list(kept.get("said", ()))[: self._cells(item)])
        unfinished = [i for i, item in enumerate(self.items) if len(self._said[i]) < self._cells(item)]
        self._at = unfinished[0] if unfinished else len(self.items)
        self._step = sum(map(len, self._said))

    @property
    def finished(self) -> bool:
        """Whether nothing is left to ask."""
        return self._at >= len(self.items)

    def press(self, key: str, *, step: int | None = None) -> bool:
        """Take a key; returns whether it did anything.

        Args:
            key: one of `KEYS`, `UNDO`, `QUIT`.
            step: what the annotator was looking at; a key meant for another step is not taken.
        """
        if self.ended or (step is not None and step != self._step):
            return False
        if key in QUIT:
            self.ended = True
        elif key in UNDO:
            return self._undo()
        elif key in KEYS and not self.finished:
            self._said[self._at].append(KEYS[key][1])
            self._keep()
            while not self.finished and len(self._said[self._at]) >= self._cells(self.items[self._at]):
                self._at += 1
        else:
            return False
        self._step += 1
        return True

    def labels(self) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
        """Return what was said: by task and id, then rung, then dimension; what nobody could tell is not in it."""
        found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
        for item, said in zip(self.items, self._said, strict=True):
            for cell, value in enumerate(said):
                answer, dimension = divmod(cell, len(self.dimensions))
                if value is None:
                    continue
                for rung in item.answers[answer].rungs:
                    found.setdefault(item.key, {}).setdefault(rung, {})[self.dimensions[dimension]] = value
        return found

    def state(self) -> dict[str, Any]:
        """Return what is to be seen now, as JSON; nothing in it tells whose an answer is."""
        done = sum(len(said) == self._cells(item) for item, said in zip(self.items, self._said, strict=True))
        state: dict[str, Any] = {
            "step": self._step,
            "done": done,
            "total": len(self.items),
            "ended": self.ended,
            "finished": self.finished,
            "dimensions": list(self.dimensions),
            "help": HELP,
        }
        if self.finished:
            return state
        item, said = self.items[self._at], self._said[self._at]
        answer, dimension = divmod(len(said), len(self.dimensions))
        count = len(self.dimensions)
        return state | {
            "task": item.key[0],
            "messages": [{"role": role, "text": text} for role, text in item.messages],
            "gold": item.gold,
            "answers": [
                {
                    "letter": LETTERS[i],
                    "text": shown.text,
                    "labels": dict(zip(self.dimensions, said[i * count : (i + 1) * count], strict=False)),
                }
                for i, shown in enumerate(item.answers)
            ],
            "answer": answer,
            "dimension": self.dimensions[dimension],
        }

    def _undo(self) -> bool:
        at = self._at
        while at >= len(self.items) or (at > 0 and not self._said[at]):
            at -= 1
        if at < 0 or not self._said[at]:
            return False
        self._at = at
        self._said[at].pop()
        self._keep()
        self._step += 1
        return True

    def _keep(self) -> None:
        item = self.items[self._at]
        self._journal.append(item.key, self._content(item), {"said": self._said[self._at]})

    def _content(self, item: Item) -> list[Any]:
        return [*item.content, list(self.dimensions)]

    def _cells(self, item: Item) -> int:
        return len(item.answers) * len(self.dimensions)
