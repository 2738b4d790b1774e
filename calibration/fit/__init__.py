"""Fitting: samples and a target in, a policy out."""
