"""Calibration: fits a policy on samples, and replays policies on recordings."""

from cascade.extras import require_extra

require_extra("fit", "scipy", use="Calibration")  # before a module below imports it

from calibration.fit.calibrate_files import calibrate_files
from calibration.fit.fit import calibrate
from calibration.fit.paired.fit import LabelBudget
from calibration.gate.replays import Replay, replay
from calibration.judges.probing import probe_judges
from calibration.judges.screening import with_judges
from calibration.samples.grade import GRADERS
from calibration.targets.bound import Jointly, MaxDisagreement, MaxError, MaxLoss
from calibration.targets.target import Best, EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together

__all__ = [
    "GRADERS",
    "Best",
    "EscalationRate",
    "ExpectedError",
    "ExpectedLoss",
    "Jointly",
    "LabelBudget",
    "MaxDisagreement",
    "MaxError",
    "MaxLoss",
    "MeanCost",
    "Replay",
    "Together",
    "calibrate",
    "calibrate_files",
    "probe_judges",
    "replay",
    "with_judges",
]
