"""Statistics on arrays: rates, risk, p-values, splits, folds, intervals by influence functions."""
