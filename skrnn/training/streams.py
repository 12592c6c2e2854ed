"""Independent streams of random numbers from one seed."""

from enum import IntEnum


class Stream(IntEnum):
    """The purpose of random numbers, which is part of the seed of a generator."""

    PRETRAINING = 1
    NOISE = 2
    ROUNDS = 3
    SHIFTS = 4
