"""Verifiers of calibrated-cascade: each scores an answer, vetoes it, or abstains.

Code, configuration and entry points name the submodules (`verifiers.schema`), since another distribution on PyPI
also installs a package called `verifiers`; `__distribution__` says which one this is.
"""

from verifiers.agreement import Agreement
from verifiers.arithmetic import Arithmetic
from verifiers.check import Check
from verifiers.hedging import Hedging
from verifiers.judge import Judge
from verifiers.learned import Learned
from verifiers.logprob import LogProb
from verifiers.refusal import Refusal
from verifiers.schema import Schema
from verifiers.skip_if_confident import SkipIfConfident

__distribution__ = "calibrated-cascade"

__all__ = [
    "Agreement",
    "Arithmetic",
    "Check",
    "Hedging",
    "Judge",
    "Learned",
    "LogProb",
    "Refusal",
    "Schema",
    "SkipIfConfident",
]
