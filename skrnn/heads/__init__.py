"""Heads: the outputs of a network, one module for each task."""
