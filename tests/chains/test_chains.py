"""Chains against all paths, finite differences, and sums of logarithms; each row by itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from chains_by_hand import enumerate_paths, random_chain, rows_of, score, with_logarithms
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import chains
from skrnn.chains import Chain, inference
from skrnn.exceptions import InvalidInputError, NoKernelsError
from skrnn.kernels import engine as engines
from skrnn.kernels import shards
from tests.repeats import some

LENGTHS = [0, 1, 2, 5, 3, 0, 6]


@pytest.fixture(params=engines.ENGINES)
def engine(request, monkeypatch):
    """Have the chains computed by each engine in turn."""
    monkeypatch.setenv("SKRNN_ENGINE", request.param)
    return request.param


def both_engines(monkeypatch, function):
    """Return the results of Numba and of NumPy."""
    results = []
    for name in engines.ENGINES:
        monkeypatch.setenv("SKRNN_ENGINE", name)
        results.append(function())
    return results


@pytest.mark.parametrize("n_tags", some([1, 2, 3, 4], 1, 3))
@pytest.mark.parametrize("forbids", [False, True])
def test_all_is_that_of_all_paths(engine, n_tags, forbids):
    """Fails if a sum leaves out, or counts twice, a path, an end, or a neighbour in another row."""
    rng = np.random.default_rng(n_tags)
    emissions, offsets = rows_of(rng, LENGTHS, n_tags, scale=3)
    chain = random_chain(rng, n_tags)
    if forbids and n_tags > 2:
        chain.transitions[0, 0] = chain.transitions[1, 0] = chain.start[0] = -np.inf
        emissions[offsets[3] + 1, 1] = -np.inf
    tags = rng.integers(n_tags, size=len(emissions))
    best = chains.viterbi(emissions, offsets, chain)
    marginals = chains.marginals(emissions, offsets, chain)
    log_z = chains.log_partition(emissions, offsets, chain)
    log_p = chains.log_likelihood(emissions, offsets, tags, chain)
    assert best.dtype == np.int32
    assert marginals.dtype == log_z.dtype == log_p.dtype == np.float64
    assert_allclose(marginals.sum(axis=1), 1, rtol=1e-12)
    for row, n in enumerate(LENGTHS):
        if n == 0:
            assert log_z[row] == log_p[row] == 0
            continue
        own = slice(offsets[row], offsets[row + 1])
        paths, scores = enumerate_paths(emissions[own], chain)
        assert tuple(best[own]) == paths[scores.argmax()]
        assert_allclose(log_z[row], np.log(np.exp(scores).sum()), rtol=1e-12)
        with_tag = np.zeros((n, n_tags))
        for path, p in zip(paths, np.exp(scores - log_z[row]), strict=True):
            with_tag[np.arange(n), path] += p
        assert_allclose(marginals[own], with_tag, rtol=1e-9, atol=1e-15)
        wanted = score(emissions[own], tags[own], chain) - log_z[row]
        assert_allclose(log_p[row], wanted, atol=1e-12)


def test_gradients_are_those_of_finite_differences(engine):
    """Fails if a gradient is that of another loss, or misses a weight, a row or a sign."""
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, LENGTHS, 3)
    chain, tags = random_chain(rng, 3), rng.integers(3, size=len(emissions))
    weights = rng.uniform(-1, 2, len(LENGTHS))
    found = chains.gradients(emissions, offsets, tags, chain, weights)
    assert_allclose(found.losses, -chains.log_likelihood(emissions, offsets, tags, chain))

    def loss(**changed):
        own = changed.pop("emissions", emissions)
        log_p = chains.log_likelihood(own, offsets, tags, chain._replace(**changed))
        return -weights @ log_p

    for name, values in [("emissions", emissions), *chain._asdict().items()]:
        numeric = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            more, less = values.copy(), values.copy()
            more[place] += 1e-5
            less[place] -= 1e-5
            numeric[place] = (loss(**{name: more}) - loss(**{name: less})) / 2e-5
        assert_allclose(getattr(found, name), numeric, atol=1e-8, err_msg=name)
    unweighted = chains.gradients(emissions, offsets, tags, chain)
    ones = chains.gradients(emissions, offsets, tags, chain, np.ones(len(LENGTHS)))
    assert_array_equal(unweighted.transitions, ones.transitions)


def two_modes(rng):
    """A row whose best tag is lost in the first step if sums are not in logarithms."""
    emissions = np.tile([-10.0, 0.0], (100, 1))
    emissions[0] = 0.0, -800.0
    return emissions, Chain(np.array([[0.0, -2000.0], [-2000.0, 0.0]]), np.zeros(2), np.zeros(2))


def two_modes_forbidden(rng):
    emissions, chain = two_modes(rng)
    return emissions, Chain(np.where(np.eye(2), 0.0, -np.inf), chain.start, chain.end)


def huge_emissions(rng):
    return rng.choice([-1e4, 0.0, 1e4], size=(50, 4)), random_chain(rng, 4)


def huge_transitions(rng):
    chain = random_chain(rng, 4, scale=1000.0)
    return rng.normal(size=(50, 4)), chain


def huge_end(rng):
    chain = random_chain(rng, 3)
    return rng.normal(size=(20, 3)), chain._replace(end=np.array([0.0, -1000.0, 900.0]))


def huge_start(rng):
    chain = random_chain(rng, 3)
    emissions = rng.normal(size=(20, 3))
    emissions[1] = -3000.0, 0.0, -np.inf
    return emissions, chain._replace(start=np.array([-1000.0, 0.0, 900.0]))


def unreachable_tag(rng):
    """A tag that no path reaches, and that would go on with a factor beyond all bounds."""
    chain = random_chain(rng, 3)
    chain.start[0] = chain.transitions[1, 0] = chain.transitions[2, 0] = -np.inf
    emissions = rng.normal(size=(60, 3))
    emissions[:, 0] += 40.0
    return emissions, chain


def long_row(rng):
    return rng.normal(size=(10_000, 5), scale=3), random_chain(rng, 5)


def long_row_of_large_numbers(rng):
    return rng.normal(size=(2_000, 3), scale=1e4), random_chain(rng, 3)


@pytest.mark.parametrize(
    "make",
    [
        two_modes, two_modes_forbidden, huge_emissions, huge_transitions, huge_end, huge_start,
        unreachable_tag, long_row, long_row_of_large_numbers,
    ],
)  # fmt: skip
def test_extreme_numbers_are_summed_as_with_logarithms(engine, make):
    """Fails if factors underflow, or overflow, and the row is not computed with logarithms."""
    rng = np.random.default_rng(0)
    own, chain = make(rng)
    offsets = np.array([0, len(own)])
    log_z, marginals = with_logarithms(own, chain)
    assert_allclose(chains.log_partition(own, offsets, chain), log_z, rtol=1e-13)
    found = chains.marginals(own, offsets, chain)
    assert_allclose(found, marginals, atol=1e-9)
    assert_allclose(found.sum(axis=1), 1, atol=1e-9)
    tags = chains.viterbi(own, offsets, chain)
    got = chains.gradients(own, offsets, tags, chain)
    assert all(np.isfinite(part).all() for part in got)
    # Each tag but the last has one tag behind it, each but the first one before it.
    leaving = found[:-1].sum(axis=0) - np.bincount(tags[:-1], minlength=own.shape[1])
    entering = found[1:].sum(axis=0) - np.bincount(tags[1:], minlength=own.shape[1])
    assert_allclose(got.transitions.sum(axis=1), leaving, atol=1e-7)
    assert_allclose(got.transitions.sum(axis=0), entering, atol=1e-7)


@pytest.mark.parametrize("n_tags", [2, 7, 23, 130])
def test_engines_agree(monkeypatch, n_tags):
    """Fails if Numba and NumPy differ by more than rounding, or in a best path at all."""
    rng = np.random.default_rng(n_tags)
    emissions, offsets = rows_of(rng, [3, 0, 40, 1, 17], n_tags, scale=2)
    chain = random_chain(rng, n_tags)
    tags = rng.integers(n_tags, size=len(emissions))
    numba, numpy = both_engines(
        monkeypatch, lambda: chains.gradients(emissions, offsets, tags, chain)
    )
    for name, one, other in zip(numba._fields, numba, numpy, strict=True):
        assert_allclose(one, other, rtol=1e-9, atol=1e-12, err_msg=name)
    assert_array_equal(
        *both_engines(monkeypatch, lambda: chains.viterbi(emissions, offsets, chain))
    )


def test_of_equal_paths_both_engines_take_the_smallest_tags(monkeypatch):
    """Fails if a tie is broken by chance, by the last tag, or otherwise in each engine."""
    rng = np.random.default_rng(0)
    zeros = Chain(np.zeros((6, 6)), np.zeros(6), np.zeros(6))
    flat, offsets = np.zeros((9, 6)), np.array([0, 4, 9])
    for tags in both_engines(monkeypatch, lambda: chains.viterbi(flat, offsets, zeros)):
        assert_array_equal(tags, 0)
    # Small integers: many ties, of which rounding decides none.
    emissions, offsets = rows_of(rng, rng.integers(0, 30, 50), 6)
    emissions = rng.integers(2, size=emissions.shape).astype(float)
    chain = Chain(*(rng.integers(2, size=one.shape).astype(float) for one in zeros))
    one, other = both_engines(monkeypatch, lambda: chains.viterbi(emissions, offsets, chain))
    assert_array_equal(one, other)
    for row in np.flatnonzero(np.diff(offsets) == 3)[:3]:
        own = emissions[offsets[row] : offsets[row + 1]]
        paths, scores = enumerate_paths(own, chain)
        best = [path for path, s in zip(paths, scores, strict=True) if s == scores.max()]
        smallest = min(best, key=lambda path: path[::-1])  # from the last step on
        assert tuple(one[offsets[row] : offsets[row + 1]]) == smallest


def of_rows(emissions, offsets, tags, chain, weights):
    """Return all that belongs to single rows."""
    log_z = chains.log_partition(emissions, offsets, chain)
    log_p = chains.log_likelihood(emissions, offsets, tags, chain)
    best = chains.viterbi(emissions, offsets, chain)
    marginals = chains.marginals(emissions, offsets, chain)
    found = chains.gradients(emissions, offsets, tags, chain, weights)
    return (log_z, log_p, found.losses), (best, marginals, found.emissions)


def test_a_row_has_the_same_bytes_in_any_company(engine):
    """Fails if other rows, or where a row is in memory, change the last bit of its results."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 12, 40)
    emissions, offsets = rows_of(rng, lengths, 5)
    emissions[offsets[7] : offsets[8]] *= 1e4  # one row with logarithms
    chain, tags = random_chain(rng, 5), rng.integers(5, size=len(emissions))
    weights = rng.uniform(size=len(lengths))
    of_row, of_steps = of_rows(emissions, offsets, tags, chain, weights)
    for row, n in enumerate(lengths):
        own = slice(offsets[row], offsets[row + 1])
        alone = of_rows(
            emissions[own].copy(), np.array([0, n]), tags[own], chain, weights[row : row + 1]
        )
        for together, by_itself in zip(of_row, alone[0], strict=True):
            assert together[row] == by_itself[0]
        for together, by_itself in zip(of_steps, alone[1], strict=True):
            assert_array_equal(together[own], by_itself)


def test_threads_do_not_change_a_byte(monkeypatch):
    """Fails if a sum over rows depends on which thread has which rows."""
    monkeypatch.setenv("SKRNN_ENGINE", "numba")
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, rng.integers(0, 400, 60), 9)
    chain, tags = random_chain(rng, 9), rng.integers(9, size=len(emissions))
    results = []
    for n in ("1", "2", "5"):
        monkeypatch.setenv("SKRNN_NUM_THREADS", n)
        monkeypatch.setattr(shards, "_pool", None)
        found = chains.gradients(emissions, offsets, tags, chain)
        results.append([*found, *of_rows(emissions, offsets, tags, chain, None)[1]])
    assert len(inference._blocks(offsets)) > 1 < len(inference._parts(offsets))
    for other in results[1:]:
        for one, another in zip(results[0], other, strict=True):
            assert one.tobytes() == another.tobytes()


def test_blocks_hold_each_row_once():
    """Fails if a row is left out, or computed twice, when rows are long, empty or few."""
    for lengths in ([0], [0, 0, 0], [9000], [9000, 0, 9000], [1] * 9000, [0, 5000] * 7 + [0]):
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        for split in (inference._blocks, inference._parts):
            rows = [row for first, last in split(offsets) for row in range(first, last)]
            assert rows == list(range(len(lengths)))


def test_no_rows_have_no_results(engine):
    """Fails if an empty batch, or one of empty rows, is an error."""
    chain = random_chain(np.random.default_rng(0), 3)
    for offsets in ([0], [0, 0, 0]):
        arguments = np.zeros((0, 3)), offsets
        tags = np.zeros(0, int)
        assert chains.viterbi(*arguments, chain).shape == (0,)
        assert chains.marginals(*arguments, chain).shape == (0, 3)
        found = chains.gradients(*arguments, tags, chain)
        assert_array_equal(found.losses, np.zeros(len(offsets) - 1))
        assert not found.transitions.any() and not found.start.any()


def test_forbidden_paths_cost_infinitely_and_impossible_rows_are_named(engine):
    """Fails if a forbidden path gets a finite loss, or a row without a path gets tags."""
    chain = Chain(np.array([[0.0, -np.inf], [-np.inf, -np.inf]]), np.zeros(2), np.zeros(2))
    emissions, offsets = np.zeros((5, 2)), np.array([0, 2, 5])
    log_p = chains.log_likelihood(emissions, offsets, [0, 1, 0, 0, 0], chain)
    assert_array_equal(log_p, [-np.inf, 0.0])
    found = chains.gradients(emissions, offsets, [0, 1, 0, 0, 0], chain)
    assert_array_equal(found.losses, [np.inf, 0.0])
    assert np.isfinite(found.emissions).all() and np.isfinite(found.transitions).all()
    emissions[3, 0] = -np.inf
    assert_array_equal(chains.log_partition(emissions, offsets, chain), [0.0, -np.inf])
    assert_array_equal(
        chains.log_likelihood(emissions, offsets, [0, 0, 0, 0, 0], chain), [0.0, -np.inf]
    )
    assert chains.gradients(emissions, offsets, [0] * 5, chain).losses[1] == np.inf
    for function in (chains.viterbi, chains.marginals):
        with pytest.raises(InvalidInputError, match="All paths of row 1, which has 3 steps"):
            function(emissions, offsets, chain)


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["emissions", "transitions", "start", "end"])
def test_a_number_that_is_none_is_an_error_to_decode_and_a_nan_loss(engine, number, where):
    """Fails if a training that diverges seems to go on, or tags come from numbers that are none."""
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, [2, 0, 3], 3)
    chain, tags = random_chain(rng, 3), np.zeros(5, int)
    {"emissions": emissions, **chain._asdict()}[where][..., 1] = number
    emissions[:2] = 0.0
    for function in (chains.viterbi, chains.marginals):
        with pytest.raises(InvalidInputError, match="NaN|nan|inf"):
            function(emissions, offsets, chain)
    found = chains.gradients(emissions, offsets, tags, chain)
    assert np.isnan(found.losses[2]) and found.losses[1] == 0
    assert np.isnan(found.emissions[2:]).all()
    assert np.isnan(found.losses[0]) == (where != "emissions")


def test_float32_is_read_as_it_is(engine):
    """Fails if what a network gives in float32 is rounded, or only float64 accepted."""
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, [4, 2], 3)
    emissions, chain = emissions.astype(np.float32), random_chain(rng, 3, dtype=np.float32)
    wide = Chain(*(one.astype(np.float64) for one in chain))
    assert_array_equal(
        chains.marginals(emissions, offsets.astype(np.int32), chain),
        chains.marginals(emissions.astype(np.float64), offsets, wide),
    )


def test_kernels_that_do_not_compile_are_replaced(monkeypatch):
    """Fails if a machine on which Numba cannot compile cannot tag."""
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, [4, 2], 3)
    chain, tags = random_chain(rng, 3), rng.integers(3, size=6)
    wanted = of_rows(emissions, offsets, tags, chain, None)
    from skrnn.kernels import chain as kernels

    def fail(*arguments):
        raise NoKernelsError("no")

    for name in ("viterbi", "log_partition", "forward_backward"):
        monkeypatch.setattr(kernels, name, fail)
    for found, others in zip(of_rows(emissions, offsets, tags, chain, None), wanted, strict=True):
        for one, other in zip(found, others, strict=True):
            assert_allclose(one, other)


GOOD = (np.zeros((3, 2)), np.array([0, 1, 3]), Chain(np.zeros((2, 2)), np.zeros(2), np.zeros(2)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({0: np.zeros(3)}, r"emissions must have the shape \(n_steps, n_tags\)"),
        ({0: np.zeros((3, 0))}, "at least one tag"),
        ({1: np.array([0, 2])}, "offsets must be ascending"),
        ({1: np.array([1, 3])}, "offsets must be ascending"),
        ({1: np.array([0, 2, 1, 3])}, "offsets must be ascending"),
        ({1: np.array([])}, "offsets must be ascending"),
        ({2: Chain(np.zeros((3, 3)), np.zeros(2), np.zeros(2))}, "transitions of the chain"),
        ({2: Chain(np.zeros((2, 2)), np.zeros(3), np.zeros(2))}, "start of the chain"),
        ({2: Chain(np.zeros((2, 2)), np.zeros(2), np.zeros((1, 2)))}, "end of the chain"),
    ],
)
def test_shapes_that_do_not_fit_are_told(change, told):
    """Fails if a wrong shape reaches a kernel, which reads memory that is not its own."""
    arguments = [change.get(i, one) for i, one in enumerate(GOOD)]
    for function in (chains.viterbi, chains.marginals, chains.log_partition):
        with pytest.raises(InvalidInputError, match=told):
            function(*arguments)


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ([0, 1, 2], "The tag 2 at step 1 of row 1 does not exist"),
        ([-1, 0, 0], "The tag -1 at step 0 of row 0 does not exist"),
        ([0, 1], "tags must be 3 integers"),
        ([0.0, 1.0, 0.0], "tags must be 3 integers"),
    ],
)
def test_tags_that_do_not_exist_are_told(tags, told):
    """Fails if a wrong tag reads another number, or none of a table."""
    emissions, offsets, chain = GOOD
    for function in (chains.log_likelihood, chains.gradients):
        with pytest.raises(InvalidInputError, match=told):
            function(emissions, offsets, tags, chain)
    with pytest.raises(InvalidInputError, match=r"weights must have the shape \(2,\)"):
        chains.gradients(emissions, offsets, [0, 0, 0], chain, np.ones(3))


def test_the_lines_for_a_server_find_the_best_path():
    """Fails if the function that the page shows for emissions of ONNX finds other tags."""
    page = (Path(__file__).parents[2] / "docs" / "crf.md").read_text()
    (block,) = [one for one in page.split("```python\n") if one.startswith("def best_tags")]
    shown = {"np": np}
    exec(block.split("\n\n\nassert")[0], shown)
    rng = np.random.default_rng(0)
    emissions, offsets = rows_of(rng, [1, 2, 30, 7], 5)
    for ties in (False, True):
        chain = random_chain(rng, 5)
        if ties:
            emissions, chain = emissions.round(), Chain(*(one.round() for one in chain))
        chain.transitions[0, 1] = chain.start[2] = -np.inf
        wanted = chains.viterbi(emissions, offsets, chain)
        for own in map(slice, offsets[:-1], offsets[1:]):
            assert shown["best_tags"](emissions[own], *chain) == wanted[own].tolist()


def test_tensorflow_is_not_loaded():
    """Fails if tagging with a fitted model has to wait for TensorFlow."""
    code = (
        "import sys, numpy as np; from skrnn import chains; "
        "c = chains.Chain(np.zeros((2, 2)), np.zeros(2), np.zeros(2)); "
        "chains.viterbi(np.zeros((1, 2)), [0, 1], c); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
