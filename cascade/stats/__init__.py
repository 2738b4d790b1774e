"""Statistics for report and calibration: intervals, AUROC, prediction-powered inference, rate monitors."""
