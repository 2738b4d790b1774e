"""watched_draw(): draws watched answers to label, both the served one and the reference's, where these differ."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cascade.exchange import Response
from cascade.hashing import unit
from cascade.labelling.log_draw import rows_within
from cascade.log.label import HUMAN
from cascade.policy.policy import SALT
from cascade.samples.sample import Recording, Sample

if TYPE_CHECKING:
    from cascade.log.log import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedPair:
    """One watched answer that differs from the reference's."""

    decision_id: str
    """The decision."""

    rung: str
    """The rung that served it."""

    reference: str
    """The reference's rung."""

    text: str
    """What the reference answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPairs:
    """Watched answers that were drawn to be labelled."""

    pairs: tuple[WatchedPair, ...]
    """Those that were drawn."""

    n: int
    """Those that differ and whose texts are stored."""

    n_labelled: int
    """Of these, with both labels of this annotator."""

    n_textless: int
    """Those that differ and whose texts the log does not store."""


def watched_draw(
    log: Log,
    n: int,
    *,
    annotator: str,
    tasks: Sequence[str] | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
) -> DrawnPairs:
    """Draw watched answers that differ from the reference's, the first `n` by a hash of the decision.

    Which are drawn depends on nothing but that they differ, so that labels of a part of them stay fair: gains are as
    likely to be among them as harm. Arguments as of `log_draw`.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    counts = {"n": 0, "labelled": 0, "textless": 0}

    def open_rows() -> Iterator[tuple[float, str, WatchedPair]]:
        for row in _rows(log, annotator, tasks=tasks, since_ms=since_ms, until_ms=until_ms):
            if row["textless"]:
                counts["textless"] += 1
                continue
            counts["n"] += 1
            if row["ours"] and row["theirs"]:
                counts["labelled"] += 1
                continue
            identity = row["decision_id"]
            u = unit(salt=SALT, purpose="label", task=row["task"], rung="", request_id=identity)
            yield (
                u,
                identity,
                WatchedPair(
                    decision_id=identity, rung=row["rung"], reference=row["reference"], text=row["reference_text"]
                ),
            )

    first = heapq.nsmallest(n, open_rows())
    return DrawnPairs(
        pairs=tuple(pair for *_, pair in first),
        n=counts["n"],
        n_labelled=counts["labelled"],
        n_textless=counts["textless"],
    )


def pair_samples(samples: Iterable[Sample], pairs: Mapping[str, WatchedPair], decision: str) -> Iterator[Sample]:
    """Yield the samples of drawn decisions with two recordings: the served answer, and the reference's.

    Args:
        samples: the decisions.
        pairs: what was drawn, by decision id.
        decision: the field of `extra` that holds what the log knows of the decision.
    """
    for sample in samples:
        pair = pairs[sample.extra[decision]["id"]]
        ours = sample.recordings.get(pair.rung)
        if ours is None:
            continue
        theirs = Recording(rung=pair.reference, model=pair.reference, response=Response(text=pair.text))
        yield replace(sample, recordings={pair.rung: ours, pair.reference: theirs})


def _rows(log: Log, annotator: str, **within: Any) -> Iterator[Any]:
    from sqlalchemy import exists, or_, select

    from cascade.log.tables import attempts, decisions, labels, watched

    d, w, given = decisions.c, watched.c, labels.c
    by = (HUMAN, f"{HUMAN}:{annotator}")
    ours, theirs = (
        exists().where(given.decision_id == d.decision_id, given.source.in_(by), which)
        for which in (or_(given.rung == "", given.rung == w.rung), given.rung == w.reference)
    )
    kept = exists().where(attempts.c.decision_id == d.decision_id, attempts.c.answer_text.is_not(None))
    textless = d.request_text.is_(None) | w.reference_text.is_(None) | ~kept
    query = (
        select(d.decision_id, w.task, w.rung, w.reference, w.reference_text, ours.label("ours"),
               theirs.label("theirs"), textless.label("textless"))
        .join(watched, w.decision_id == d.decision_id)
        .where(w.same.is_(False), w.rung.is_not(None))
    )  # fmt: skip
    yield from rows_within(log, query, **within)
