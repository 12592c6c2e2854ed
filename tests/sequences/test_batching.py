"""Batches: every row once, little padding, the same for the same seed. No TensorFlow."""

import numpy as np
import pytest

from skrnn.sequences.batching import BatchPlan


def lengths_like_imdb(n, seed=0):
    """Reviews have 234 words on average, 174 in the median, up to 2,500."""
    lengths = np.random.default_rng(seed).lognormal(np.log(174), 0.75, n)
    return np.clip(lengths, 10, 2500).astype(np.int64)


LENGTHS = {
    "one": np.array([5]),
    "equal": np.full(1000, 8),
    "imdb": lengths_like_imdb(1000),
    "short": np.random.default_rng(1).integers(1, 4, 777),
    "powers": 2 ** np.arange(20),
    "one giant": np.r_[np.full(500, 3), 100_000],
}


def padded_steps(batches, lengths):
    return sum(lengths[rows].max() * len(rows) for rows in batches)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("batch_size", [1, 7, 128, 10_000])
def test_every_row_once_in_as_many_batches(lengths, batch_size):
    """Fails if rows get lost or doubled, a batch is too large, or epochs differ in steps."""
    plan = BatchPlan(lengths, batch_size)
    for rng in (None, np.random.default_rng(0), np.random.default_rng(1)):
        batches = plan.batches(rng)
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(len(lengths)))
        assert len(batches) == len(plan)
        assert min(map(len, batches)) >= 1 and max(map(len, batches)) <= batch_size


@pytest.mark.parametrize("n", [1, 64, 65, 129, 1000])
def test_sizes_are_even(n):
    """Fails if a small remainder takes an optimizer step of its own."""
    sizes = [len(rows) for rows in BatchPlan(np.full(n, 8), 64).batches(np.random.default_rng(0))]
    assert max(sizes) - min(sizes) <= 1 and len(sizes) == -(-n // 64)


def test_a_giant_does_not_stretch_the_others():
    """Fails if 127 short rows are padded to 20,000 steps beside a long one."""
    rng = np.random.default_rng(0)
    short = rng.integers(50, 200, 2000)
    alone = padded_steps(BatchPlan(short, 128).batches(np.random.default_rng(1)), short)
    lengths = np.r_[short, 20_000]
    plan = BatchPlan(lengths, 128)
    for seed in range(3):
        with_giant = padded_steps(plan.batches(np.random.default_rng(seed)), lengths)
        assert with_giant <= 1.02 * alone + 20_000
    assert padded_steps(plan.batches(), lengths) <= 1.02 * alone + 20_000


def test_little_padding():
    """Fails if batches mix short and long reviews; unsorted ones are padded more than fourfold."""
    lengths = lengths_like_imdb(20_000)
    plan = BatchPlan(lengths, 128)
    for seed in range(3):
        waste = padded_steps(plan.batches(np.random.default_rng(seed)), lengths) / lengths.sum()
        assert waste < 1.15
    assert padded_steps(plan.batches(), lengths) / lengths.sum() < 1.06


def test_the_generator_decides():
    """Fails if anything but `rng` enters: the same seed must give the same batches."""
    lengths = lengths_like_imdb(1000)
    first, second, other = (
        BatchPlan(lengths, 128).batches(np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert all(map(np.array_equal, first, second))
    assert not all(map(np.array_equal, first, other))


@pytest.mark.parametrize("lengths", [lengths_like_imdb(130), np.full(130, 8)])
def test_epochs_differ_where_there_are_two_batches(lengths):
    """Fails if sorting by length makes the same two batches every epoch."""
    plan, rng = BatchPlan(lengths, 128), np.random.default_rng(0)
    seen = {frozenset(frozenset(rows.tolist()) for rows in plan.batches(rng)) for _ in range(10)}
    assert len(seen) == 10


def test_batches_come_in_any_order():
    """Fails if training goes from short rows to long ones."""
    lengths = lengths_like_imdb(2000)
    rng = np.random.default_rng(0)
    means = np.array([lengths[rows].mean() for rows in BatchPlan(lengths, 64).batches(rng)])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.6


def test_without_a_generator_rows_are_sorted():
    """Fails if prediction shuffles: it needs the least padding and no order."""
    lengths = lengths_like_imdb(300)
    rows = np.concatenate(BatchPlan(lengths, 64).batches())
    assert (np.diff(lengths[rows]) >= 0).all()


def test_lengths_are_left_alone():
    """Fails if the caller's array is sorted in place."""
    lengths = lengths_like_imdb(300)
    before = lengths.copy()
    BatchPlan(lengths, 64).batches(np.random.default_rng(0))
    np.testing.assert_array_equal(lengths, before)
