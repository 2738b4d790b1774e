"""Labelling session of one annotator: the current answer, the effect of a key, and the labels so far.

Terminal and browser are two views of it. It asks for one answer after another, in one dimension after another; every
key is saved at once, so a session can stop anywhere and resume.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cascade.bulk.journal import Journal
from cascade.labelling.item import LETTERS, Item
from cascade.labelling.lay_json import lay_json

KEYS: dict[str, tuple[str, float | None]] = {
    "1": ("right", 1.0),
    "y": ("right", 1.0),
    "0": ("wrong", 0.0),
    "n": ("wrong", 0.0),
    "2": ("half right", 0.5),
    "h": ("half right", 0.5),
    "s": ("cannot tell", None),
}
"""Label of each key."""

UNDO = ("u", "Backspace")
QUIT = ("q",)

BUTTONS = (
    ("1", "Right"), ("0", "Wrong"), ("2", "Half right"), ("s", "Cannot tell"), ("u", "Undo"), ("q", "Save and quit"),
)  # fmt: skip
"""Buttons of the page: key and text."""

HELP = "1 right · 0 wrong · 2 half · s cannot tell · u undo · q save and quit"
"""Help line of the keys."""


class Session:
    """State of a labelling session: the labels so far, and the next question."""

    def __init__(
        self,
        items: Sequence[Item],
        journal: Journal,
        *,
        dimensions: Sequence[str] = ("correct",),
        more: Callable[[Session], Sequence[Item]] | None = None,
    ) -> None:
        """Start, or resume where the journal ends.

        Args:
            items: the items to label, in order.
            journal: the journal of all keys.
            dimensions: the label dimensions of each answer, in order.
            more: called once all items are labelled; returns further ones, which the labels so far led to. What was
                labelled before them cannot be undone.
        """
        self.items: list[Item] = []
        self.dimensions = tuple(dimensions)
        self.ended = False
        self._journal, self._more = journal, more
        self._said: list[list[float | None]] = []
        self._floor = self._at = 0
        self._append(items)
        self._go_on()
        self._step = sum(map(len, self._said))

    @property
    def finished(self) -> bool:
        """Whether every answer has been asked."""
        return self._at >= len(self.items)

    def press(self, key: str, *, step: int | None = None) -> bool:
        """Handle a key; return whether it had an effect.

        Args:
            key: one of `KEYS`, `UNDO`, `QUIT`.
            step: the step that the annotator saw; a key for another step is ignored.
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
            self._go_on()
        else:
            return False
        self._step += 1
        return True

    def labels(self) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
        """Return the labels by task and id, then rung, then dimension; "cannot tell" is left out."""
        told = {key: {rung: values for rung, values in said.items() if values} for key, said in self.answered().items()}
        return {key: said for key, said in told.items() if said}

    def answered(self) -> dict[tuple[str, str], dict[str, dict[str, float]]]:
        """Return the same with every answer that was asked about: of one that nobody could tell, no dimension."""
        found: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
        for item, said in zip(self.items, self._said, strict=True):
            for cell, value in enumerate(said):
                answer, dimension = divmod(cell, len(self.dimensions))
                for rung in item.answers[answer].rungs:
                    own = found.setdefault(item.key, {}).setdefault(rung, {})
                    if value is not None:
                        own[self.dimensions[dimension]] = value
        return found

    def state(self) -> dict[str, Any]:
        """Return the current state as JSON, blinded: it does not reveal the models."""
        done = sum(len(said) == self._cells(item) for item, said in zip(self.items, self._said, strict=True))
        state: dict[str, Any] = {
            "step": self._step,
            "done": done,
            "total": len(self.items),
            "ended": self.ended,
            "finished": self.finished,
            "dimensions": list(self.dimensions),
            "help": HELP,
            "keys": [list(key) for key in BUTTONS],
        }
        if self.finished:
            return state
        item, said = self.items[self._at], self._said[self._at]
        answer, dimension = divmod(len(said), len(self.dimensions))
        count = len(self.dimensions)
        laid = lay_json([shown.text for shown in item.answers], item.gold)
        return state | {
            "task": item.key[0],
            "messages": [{"role": role, "text": text} for role, text in item.messages],
            "gold": item.gold,
            "gold_lines": laid["gold"],
            "answers": [
                {
                    "letter": LETTERS[i],
                    "text": shown.text,
                    "lines": laid["answers"][i],
                    "labels": dict(zip(self.dimensions, said[i * count : (i + 1) * count], strict=False)),
                }
                for i, shown in enumerate(item.answers)
            ],
            "answer": answer,
            "dimension": self.dimensions[dimension],
        }

    def _append(self, items: Sequence[Item]) -> None:
        for item in items:
            kept = self._journal.get(item.key, self._content(item)) or {}
            self.items.append(item)
            # Stored by position: the order of answers is hashed, so it is the same again.
            self._said.append(list(kept.get("said", ()))[: self._cells(item)])

    def _go_on(self) -> None:
        """Go to the next open question; where there is none, ask for more items."""
        while True:
            while not self.finished and len(self._said[self._at]) >= self._cells(self.items[self._at]):
                self._at += 1
            if not self.finished or self._more is None:
                return
            further = self._more(self)
            if not further:
                return
            self._floor = len(self.items)
            self._append(further)

    def _undo(self) -> bool:
        at = self._at
        while at >= len(self.items) or (at > self._floor and not self._said[at]):
            at -= 1
        if at < self._floor or not self._said[at]:
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
