"""Streams of random numbers of one seed, so that none repeats another."""

from enum import IntEnum


class Stream(IntEnum):
    """What numbers are drawn for, as a part of the seed of a generator."""

    PRETRAINING = 1
    NOISE = 2
    ROUNDS = 3
