"""Names for values, and a store for results that several fits share."""
