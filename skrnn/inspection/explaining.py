"""Which tokens decided, from the estimator to the explanations."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.explanation import Explanation
from skrnn.inspection.gradients import integrated_gradients
from skrnn.inspection.occlusion import occlusion
from skrnn.inspection.reading import read

METHODS = ("integrated_gradients", "occlusion")


def explain(estimator, X, *, method="integrated_gradients", target=None, n_steps=32):
    r"""Tell what each token contributes to the class that is predicted.

    The score explained is the logit :math:`F` of one class: with two classes the log-odds of the
    target (so that of ``classes_[0]`` is minus `decision_function`), with several classes the
    class's own logit, with several labels the label's log-odds.

    Parameters
    ----------
    estimator : Pipeline or RNNClassifier
        Fitted. A Pipeline begins with :class:`skrnn.TextToSequence`, ends with
        :class:`skrnn.RNNClassifier`, and keeps the tokens as they are between.
    X : iterable of str, or what an RNNClassifier takes
        Documents for a Pipeline, token ids or numeric sequences for an RNNClassifier.
    method : {"integrated_gradients", "occlusion"}, default="integrated_gradients"
        - "integrated_gradients" [1]_: the gradient of the score, averaged along the straight line
          from a baseline to the text, times the way. The contributions sum to what the score
          changes between both.
        - "occlusion" [2]_, [3]_: by how much the score falls where the token is unknown, and all
          others stay. One prediction a token; contributions have no particular sum.
    target : class label or None, default=None
        The class, or the number of the label, to explain; None takes of each text the one
        predicted, with several labels the most probable.
    n_steps : int, default=32
        Points of the line at which the gradient is taken to begin with. More are added where
        they are wanted, up to about 1024, until the contributions sum to the change of the score
        within 1%. No effect on occlusion.

    Returns
    -------
    list of Explanation
        One a text, see :class:`skrnn.inspection.Explanation`.

    Raises
    ------
    NotFittedError
        Before `fit`.
    TypeError
        For another estimator, or another Pipeline.
    ValueError
        For a single text that is not in a list, an unknown `method` or `target`, `n_steps` that
        is no positive integer, or steps of a Pipeline that add or drop tokens.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        Where 1024 points are not enough.

    See Also
    --------
    skrnn.trace : The states and gates of the recurrent layers, step by step.

    Notes
    -----
    The baseline :math:`x'` is the same text with all tokens unknown: the embedding of the unknown
    word at each step, no evidence of n-grams, and the score of an n-gram model that has found
    none. So an unknown word contributes exactly 0, and occlusion, which replaces one token by the
    unknown word, starts from the same idea of what it is not to be told something. For numeric
    sequences it is zero in each channel, the mean of channels that are standardized. With
    :math:`x` standing for all inputs of the network, the contribution of its i-th number is

    .. math:: (x_i - x'_i) \int_0^1 \frac{\partial F}{\partial x_i}(x' + a (x - x'))\, da

    computed by Gauss-Legendre quadrature on parts of the line, which are halved where the
    integral is the farthest from what the score changes on them, until all these gaps together
    are below 1% of the whole change, and below 5% if none cancels another. The contributions of
    the numbers of a token's embedding are added up. What n-grams contribute (their weights in the
    score, and as evidence at the token that they end at) is dealt to their tokens in equal parts.

    References
    ----------
    .. [1] M. Sundararajan, A. Taly, Q. Yan, "Axiomatic Attribution for Deep Networks", ICML
       2017, equation (1) and section 5. https://arxiv.org/abs/1703.01365
    .. [2] M. D. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV
       2014, section 4.2. https://arxiv.org/abs/1311.2901
    .. [3] J. Li, W. Monroe, D. Jurafsky, "Understanding Neural Networks through Representation
       Erasure", 2016. https://arxiv.org/abs/1612.08220

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, explain, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), RNNClassifier(units=8, epochs=1, random_state=0))
    >>> (found,) = explain(pipe.fit(reviews, labels), ["The plot wasn't dull!"])
    >>> found.tokens
    ['the', 'plot', 'was', "n't", 'dull', '!']
    >>> [found.text[start:end] for start, end in found.spans]
    ['The', 'plot', 'was', "n't", 'dull', '!']
    >>> bool(abs(found.values.sum() - (found.score - found.baseline_score)) < 0.01)
    True
    """
    if method not in METHODS:
        raise InvalidInputError(f"method={method!r} is unknown; it is one of {list(METHODS)}.")
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise InvalidInputError(f"n_steps must be a positive integer, got {n_steps!r}.")
    classifier, rows = read(estimator, X, "explain")
    chosen = None if target is None else _number_of(target, classifier.classes_)
    found = []
    for row in rows:  # no comprehension, which is a frame of its own to a warning in some Pythons
        found.append(_explain(classifier, row, method, chosen, int(n_steps)))
    return found


def _explain(classifier, row, method, chosen, n_steps):
    head = classifier.head_
    raw = classifier.network_.raw(row.sequence)
    direction, chosen = head.direction(raw, chosen)
    if method == "occlusion":
        n_steps = None
        values, score, baseline_score = occlusion(classifier, row, direction)
    else:
        values, score, baseline_score, n_steps = integrated_gradients(
            classifier, row, direction, n_steps
        )
    predicted = head.predict(raw)
    return Explanation(
        text=row.text,
        tokens=row.tokens,
        spans=row.spans,
        ids=row.ids,
        values=values,
        target=classifier.classes_[[chosen]].tolist()[0],
        prediction=predicted[0] if predicted.ndim == 2 else predicted.tolist()[0],
        probability=float(head.probabilities(raw)[0, chosen]),
        score=score,
        baseline_score=baseline_score,
        method=method,
        n_steps=n_steps,
    )


def _number_of(target, classes):
    if np.ndim(target) != 0:
        raise InvalidInputError(
            f"target={target!r} is several classes; pass one of {classes.tolist()}, and ask for "
            "each by a call of its own."
        )
    found = np.flatnonzero(classes == target)
    if len(found) != 1:
        raise InvalidInputError(
            f"target={target!r} is no class of the estimator; they are {classes.tolist()}. None "
            "explains of each text the one that is predicted."
        )
    return int(found[0])
