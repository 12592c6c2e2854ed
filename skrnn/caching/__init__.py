"""Computed once: what values are known by, and where results are kept for others."""
