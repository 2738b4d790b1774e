"""Bill of a certificate on pairs: what it takes and what is to be gained, from recordings alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calibration.fit.paired.fit import LabelBudget, PairedRows
from calibration.samples.same_figures import LITTLE
from cascade.display.numbers import dollars, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The bill of one task."""

    rows: int
    """Rows with recordings of the reference and of a rung below it."""

    differs: float
    """Share of them on which some rung's answer is not same as the reference's."""

    most_same: float
    """Share of answers that are same, of the rung with most of them."""

    learn: int
    """Rows to be labelled to learn from."""

    certify: int
    """Rows to be labelled to certify with, at most."""

    audit: int
    """Rows to be labelled for the audit."""

    judgements: int
    """Answers to be labelled on all these rows, at most, about: distinct ones that differ, and the reference's."""

    recorded_usd: float | None
    """What the recorded answers cost; None if not known."""

    best_cost: float | None
    """Cost if the cheapest rung that is same answered each row, as a share of always asking the reference; no policy
    costs less without serving an answer that differs. None if costs are not known."""

    @property
    def worth(self) -> bool:
        """Whether enough is same for a promise to save something."""
        return self.most_same >= LITTLE

    def describe(self, task: str, reference: str) -> list[str]:
        """Return the bill in sentences."""
        total = self.learn + self.certify + self.audit
        paid = "" if self.recorded_usd is None else f"; the recorded answers cost {dollars(self.recorded_usd)}"
        takes = (
            f"{task}: {self.rows:,} rows are recorded{paid}. To be labelled: {self.learn} rows to learn from, at most "
            f"{self.certify} to certify with, {self.audit} for the audit; about {self.judgements} judgements of one "
            "answer."
        )
        best = "" if self.best_cost is None else f", and {percent(self.best_cost)} of {reference}'s cost is the least"
        if self.worth:
            gain = f"about {total} rows to judge{best}"
        else:
            most = f"at most {percent(self.most_same)} of a rung's answers are the same as {reference}'s"
            gain = f"little to gain, since {most}{best}"
        return [takes, f"{task}: {percent(self.differs)} of rows differ: {gain}."]

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {**asdict(self), "worth": self.worth}


def bill_of(rows: PairedRows, budget: LabelBudget, *, aims: bool = False) -> Bill:
    """Return what a budget buys on a task's rows; rows that have their labels are still counted.

    `aims`: whether an aim is met with it, so that none certifies.
    """
    pairs = rows.pairs
    table, differing = pairs.table, pairs.any_differs
    held = int(differing[pairs.split.certify].sum())
    learn = int(differing[rows.order].sum())
    certify = 0 if aims else min(budget.labels - learn, held)
    present = table.present[:, :-1].sum(axis=0)
    same = (table.present & ~pairs.differs)[:, :-1].sum(axis=0)
    own = (pairs.differs & table.present).sum(axis=1) + 1
    mean = float(own[differing].mean()) if differing.any() else 0.0
    audit = int((table.present[rows.audit]).sum())
    paid = table.answer_usd[table.present]
    return Bill(
        rows=len(table),
        differs=float(differing.mean()),
        most_same=float(np.max(same / np.maximum(present, 1), initial=0.0)),
        learn=learn,
        certify=max(certify, 0),
        audit=len(rows.audit),
        judgements=round(mean * (learn + max(certify, 0))) + audit,
        recorded_usd=None if np.isnan(paid).any() else float(paid.sum()),
        best_cost=_best_cost(rows),
    )


def _best_cost(rows: PairedRows) -> float | None:
    """Return the cost of the cheapest same answer of each row over that of the reference; None if not known."""
    table, differs = rows.pairs.table, rows.pairs.differs
    usd = np.where(table.present & ~differs, table.answer_usd, np.inf)
    top = table.answer_usd[:, -1]
    known = ~np.isnan(table.answer_usd).any(axis=1) | ~table.present.all(axis=1)
    known &= ~np.isnan(top)
    total = float(top[known].sum())
    return float(np.nanmin(usd[known], axis=1).sum()) / total if known.any() and total > 0.0 else None
