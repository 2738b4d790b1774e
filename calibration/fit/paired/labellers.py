"""Labels of a judge and of a person apart, where a person's subsample is to confirm what a judge said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.arrays import Flags, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Labellers:
    """Labels of a task's answers by samples and rungs, (n, K) each; NaN where there is none."""

    judged: Floats
    """The judge's."""

    judge_cannot: Flags
    """Answers that the judge could not tell."""

    told: Floats
    """Those of persons, and by gold answers."""

    person_cannot: Flags
    """Answers that a person could not tell."""

    @property
    def any_judged(self) -> bool:
        """Whether the judge labelled any answer."""
        return not bool(np.isnan(self.judged).all())

    def combined(self, held: Flags) -> Floats:
        """Return the labels that candidates are made of and the judge's walk takes: the judge's, else the person's.

        Of the rows that certify, `held` (n,), the judge's only: what the judge says there must not depend on which rows
        a person was shown.
        """
        return np.where(np.isnan(self.judged) & ~held[:, None], self.told, self.judged)
