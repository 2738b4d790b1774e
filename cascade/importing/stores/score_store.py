"""Score store: a tracing tool's scores, as labels of the answers they were given for, in a temporary database."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from cascade.importing.bodies.answered import figure_of, iso_of
from cascade.importing.tally import Tally


class ScoreStore:
    """Scores by observation and by trace; a context manager."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE scores (target TEXT, name TEXT, value REAL, source TEXT, at TEXT,"
            " PRIMARY KEY (target, name)) WITHOUT ROWID;"
            "CREATE TABLE traces (trace TEXT PRIMARY KEY, answers INTEGER) WITHOUT ROWID; BEGIN;"
        )
        self.names: Counter[str] = Counter()
        """Usable scores by name."""
        self.has_traces = False
        """Whether a score is a whole trace's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def add(self, row: Mapping[str, Any]) -> str | None:
        """Take a score; returns why it cannot be a label, or None. Of several for one target, the latest counts."""
        kind = str(row.get("data_type", row.get("dataType")) or "NUMERIC")
        if kind not in ("NUMERIC", "BOOLEAN"):
            return f"it is a {kind.lower()} score; labels are numbers from 0 to 1"
        value = figure_of(row.get("value"))
        if value is None or not 0 <= value <= 1:
            return "its score is outside 0 to 1"
        observation = row.get("observation_id", row.get("observationId"))
        trace = row.get("trace_id", row.get("traceId"))
        if not observation and not trace:
            return "its score belongs to no observation and no trace"
        target = _text(f"o:{observation}" if observation else f"t:{trace}")
        name, at = _text(row.get("name")), iso_of(row.get("timestamp")) or ""
        self.names[name] += 1
        self.has_traces = self.has_traces or not observation
        self._db.execute(
            "INSERT INTO scores VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value,"
            " source = excluded.source, at = excluded.at WHERE excluded.at >= at",
            (target, name, value, _text(row.get("source") or "API"), at),
        )
        return None

    def count_answer(self, trace: str) -> None:
        """Count an answer of a trace: a trace's score labels its answer only where there is one."""
        self._db.execute(
            "INSERT INTO traces VALUES (?, 1) ON CONFLICT DO UPDATE SET answers = answers + 1", (_text(trace),)
        )

    def label(self, name: str, observation: str, trace: str) -> tuple[float, str] | None:
        """Return the label of an answer and its source; None without one."""
        found = self._find(name, f"o:{observation}")
        if found is None and self.has_traces and trace:
            found = self._find(name, f"t:{trace}")
            one = self._db.execute("SELECT answers FROM traces WHERE trace = ?", (_text(trace),)).fetchone()
            if found is not None and one != (1,):
                return None
        if found is None:
            return None
        value, source = found
        return value, {"ANNOTATION": "human", "EVAL": f"judge:{name}"}.get(source, f"score:{name}")

    def _find(self, name: str, target: str) -> tuple[float, str] | None:
        row: tuple[float, str] | None = self._db.execute(
            "SELECT value, source FROM scores WHERE target = ? AND name = ?", (_text(target), name)
        ).fetchone()
        return row


def _text(value: Any) -> str:
    """Return a value as text that SQLite takes: without lone surrogates."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def chosen_name(store: ScoreStore, wanted: str | None, tally: Tally) -> str | None:
    """Return the name of the score that is the label: the wanted one, or the only one; None without.

    Where several are there and none was chosen, no answer is labelled, and a note says which there are.
    """
    if wanted is not None:
        if wanted not in store.names:
            there = ", ".join(sorted(store.names)) or "none"
            tally.note(f"no usable score is named {wanted!r} (there are: {there})", "scores", 0)
        return wanted
    if len(store.names) > 1:
        listed = ", ".join(f"{name} ({n:,})" for name, n in store.names.most_common(8))
        tally.note(
            f"labels were left out, since there are several scores; choose one with --score: {listed}", "scores", 0
        )
        return None
    return next(iter(store.names), None)
