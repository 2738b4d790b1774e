"""Statistics below report and calibration: intervals, AUROC, prediction-powered estimates, rate monitors."""
