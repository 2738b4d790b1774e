"""Calibration: samples in, a policy out, and replay of policies on recordings."""

from calibration.fit import calibrate
from calibration.replays import Replay, replay
from calibration.target import EscalationRate

__all__ = ["EscalationRate", "Replay", "calibrate", "replay"]
