"""Shared budgets: several processes on one daily budget, which each spends by leases from a common store."""
