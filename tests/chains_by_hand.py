"""The mathematics of linear chains in the simplest way: all paths, and sums of logarithms."""

import itertools

import numpy as np

from skrnn.chains import Chain


def random_chain(rng, n_tags, scale=1.0, dtype=np.float64):
    shapes = ((n_tags, n_tags), (n_tags,), (n_tags,))
    return Chain(*(rng.normal(scale=scale, size=shape).astype(dtype) for shape in shapes))


def rows_of(rng, lengths, n_tags, scale=1.0):
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return rng.normal(scale=scale, size=(offsets[-1], n_tags)), offsets


def score(own, path, chain):
    total = chain.start[path[0]] + chain.end[path[-1]]
    total += sum(own[t, tag] for t, tag in enumerate(path))
    return total + sum(chain.transitions[a, b] for a, b in itertools.pairwise(path))


def enumerate_paths(own, chain):
    """Return all paths of a row, a list of tuples, and their scores."""
    paths = list(itertools.product(range(own.shape[1]), repeat=len(own)))
    return paths, np.array([score(own, path, chain) for path in paths])


def with_logarithms(own, chain):
    """Return the log-partition and the marginals of a row, by sums of logarithms in long double."""
    own = own.astype(np.longdouble)
    transitions, start, end = (np.asarray(one, np.longdouble) for one in chain)
    with np.errstate(invalid="ignore"):
        forward, backward = np.empty_like(own), np.empty_like(own)
        forward[0] = start + own[0]
        for t in range(1, len(own)):
            forward[t] = log_sum(forward[t - 1][:, None] + transitions, 0) + own[t]
        backward[-1] = end
        for t in range(len(own) - 2, -1, -1):
            backward[t] = log_sum(transitions + own[t + 1] + backward[t + 1], 1)
        log_z = log_sum(forward[-1] + end, 0)
        return float(log_z), np.exp(forward + backward - log_z).astype(np.float64)


def log_sum(values, axis):
    largest = values.max(axis=axis, keepdims=True)
    shift = np.where(np.isneginf(largest), 0, largest)
    with np.errstate(divide="ignore"):
        sums = np.log(np.exp(values - shift).sum(axis=axis, keepdims=True)) + shift
    return np.squeeze(sums, axis)
