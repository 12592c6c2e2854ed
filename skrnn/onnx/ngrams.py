"""Finding n-grams in the graph, as in :mod:`skrnn.ngrams`.

The code of an n-gram is the number of its first n - 1 tokens times the size of the vocabulary, plus
its last token. Here, the number of an n-gram is the row of its weights in one table for all
lengths. An n-gram that is not in the model has the number of a row of zeros. Longer n-grams that
begin with it are not found either, because no code ends in the tokens 0 or 1.
"""

import numpy as np

from skrnn.baselines.ridge import FLOOR, POWER
from skrnn.onnx.graph import ML


class NgramTable:
    """The weights of an `NgramModel` in a graph, and the n-grams of token sequences.

    Parameters
    ----------
    graph : Graph
        Where to write.
    model : skrnn.ngrams.NgramModel
        Fitted.
    tokens : str
        Token ids int64 of shape (n_samples, n_timesteps), padded on the right.
    """

    def __init__(self, graph, model, tokens):
        self.graph = graph
        self.model = model
        coef = model._coef
        self.none = coef.shape[1]
        self.weights = self._table(coef, "ngram_weights")
        self.found = list(self._find(tokens))

    def evidence(self):
        """Return the weights of the n-grams at each step, (n_samples, n_timesteps, n_outputs)."""
        said = [self.graph.add("Gather", self.weights, found, axis=0) for found in self.found]
        total = said[0] if len(said) == 1 else self.graph.add("Sum", *said)
        return self.graph.add("Mul", total, np.float32(self.model._scale))

    def scores(self):
        """Return the scores of the rows, each n-gram counted once, (n_samples, n_outputs)."""
        graph = self.graph
        found = self.found[0]
        if len(self.found) > 1:
            found = graph.add("Concat", *self.found, axis=1)
        # After sorting, equal numbers are neighbours, and only the first counts.
        width = graph.add("Unsqueeze", graph.size(found, 1), np.array([0]))
        ordered, _ = graph.add("TopK", found, width, axis=1, n_outputs=2)
        # Every row has a step, so the slice without the last one is always valid.
        before = graph.add("Slice", ordered, np.array([0]), np.array([-1]), np.array([1]))
        before = graph.add("Pad", before, np.array([0, 1, 0, 0]), np.int64(-1))
        is_first = graph.add("Not", graph.add("Equal", ordered, before))
        counted = graph.add("Where", is_first, ordered, np.int64(self.none))
        total = self._total(self.weights, counted)
        if self.model.sizes is not None:
            squares = self._total(self._table(self.model.sizes, "ngram_sizes"), counted)
            squares = graph.add("Add", squares, np.float32(FLOOR))
            total = graph.add("Div", total, graph.add("Pow", squares, np.float32(POWER)))
        return graph.add("Add", total, np.asarray(self.model._intercept, np.float32))

    def _table(self, of_ngrams, name):
        """Return a constant with the numbers of each n-gram, and zeros for none."""
        table = np.zeros((self.none + 1, len(of_ngrams)), np.float32)
        table[: self.none] = of_ngrams.T
        return self.graph.constant(table, name)

    def _total(self, table, counted):
        found = self.graph.add("Gather", table, counted, axis=0)
        return self.graph.add("ReduceSum", found, np.array([1]), keepdims=0)

    def _find(self, tokens):
        """Yield for each length the numbers of the n-grams that end at each step."""
        graph, vocabulary = self.graph, self.model._vocabulary
        shortest, _ = vocabulary.ngram_range
        size = vocabulary.vocabulary_size
        n_weighed, number, previous = 0, None, 0
        # Rows of the table for n-grams with weights; higher numbers for shorter n-grams.
        beyond = self.none + 1
        for n, codes in enumerate(vocabulary._codes, 1):
            if not len(codes):
                break  # so there are no longer ones
            if n > 1:
                codes = codes + previous * size  # by the number of the table
            if n >= shortest:
                previous, n_weighed = n_weighed, n_weighed + len(codes)
            else:
                previous, beyond = beyond, beyond + len(codes)
            numbers = previous + np.arange(len(codes))
            if n == 1:
                table = np.full(size, self.none, np.int64)
                table[codes] = numbers
                name = f"n-grams of the ids 0 to {size - 1}"
                number = graph.add("Gather", table, tokens, name=name)
            else:
                number = self._look_up(number, tokens, codes, numbers, size, n)
            if n >= shortest:
                yield number
        if not n_weighed:
            is_any = graph.add("Less", tokens, np.int64(0))  # nowhere
            yield graph.add("Where", is_any, tokens, np.int64(self.none))

    def _look_up(self, shorter, tokens, codes, numbers, size, n):
        graph = self.graph
        # An n-gram begins with the shorter n-gram that ends one step earlier.
        shorter = graph.add("Slice", shorter, np.array([0]), np.array([-1]), np.array([1]))
        shorter = graph.add("Pad", shorter, np.array([0, 1, 0, 0]), np.int64(self.none))
        code = graph.add("Add", graph.add("Mul", shorter, np.int64(size)), tokens)
        return graph.add(
            "LabelEncoder",
            code,
            name=f"ngrams_{n}",
            domain=ML,
            keys_int64s=codes,
            values_int64s=numbers,
            default_int64=self.none,
        )
