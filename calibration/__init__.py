"""Calibration: samples in, a policy out, and replay of policies on recordings."""

from calibration.admission import with_judges
from calibration.bound import Jointly, MaxError, MaxLoss
from calibration.fit import calibrate
from calibration.probing import probe_judges
from calibration.replays import Replay, replay
from calibration.target import EscalationRate, ExpectedError, ExpectedLoss, MeanCost, Together

__all__ = [
    "EscalationRate",
    "ExpectedError",
    "ExpectedLoss",
    "Jointly",
    "MaxError",
    "MaxLoss",
    "MeanCost",
    "Replay",
    "Together",
    "calibrate",
    "probe_judges",
    "replay",
    "with_judges",
]
