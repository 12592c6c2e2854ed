"""The fused layers' loops as machine code, compiled by Numba where it is installed."""
