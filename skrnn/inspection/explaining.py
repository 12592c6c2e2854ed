"""`explain`: from an estimator and its input to explanations."""

from numbers import Integral

import numpy as np

from skrnn.exceptions import InvalidInputError
from skrnn.inspection.explanation import Explanation
from skrnn.inspection.gradients import integrated_gradients
from skrnn.inspection.occlusion import occlusion
from skrnn.inspection.reading import read
from skrnn.inspection.step_occlusion import check_step, explain_steps

METHODS = ("integrated_gradients", "occlusion")


def explain(estimator, X, *, method="auto", target=None, n_steps=32, step=None):
    r"""Compute the contribution of each token to a prediction.

    The explained score is the logit :math:`F` of one class: for two classes, the log-odds of the
    target (so the score of ``classes_[0]`` is minus `decision_function`); for more classes, the
    logit of the class; for several labels, the log-odds of the label. For numbers, it is the
    prediction, or, with ``loss="poisson"``, its logarithm. For a tagger, it is the log-odds of the
    marginal probability of a tag at the given `step`.

    Parameters
    ----------
    estimator : Pipeline, RNNClassifier, RNNRegressor or RNNTagger
        A fitted estimator. A Pipeline must begin with :class:`skrnn.TextToSequence` or
        :class:`skrnn.TextWithColumns` and end with :class:`skrnn.RNNClassifier`, and the steps
        between must not add, drop or reorder tokens.
    X : iterable of str, frame, or input of an RNNClassifier
        Documents for a Pipeline, or frames if it begins with TextWithColumns; token ids or numeric
        sequences for an RNNClassifier.
    method : {"auto", "integrated_gradients", "occlusion"}, default="auto"
        "auto" is "integrated_gradients", and "occlusion" for a tagger, which has no other.

        - "integrated_gradients" [1]_: the gradient of the score, averaged along the straight line
          from a baseline to the text, times the difference between text and baseline. The
          contributions sum to the difference of the two scores. Loads TensorFlow.
        - "occlusion" [2]_, [3]_: the decrease of the score if the token is replaced by the unknown
          word (for a tagger, with its spelling and its columns; a step of a numeric sequence is
          missing). Takes one prediction for each token. The contributions do not sum to a
          difference of scores.
    target : class label or None, default=None
        The class, the label or the output (its number, or the name of its column) to explain. None
        is, for each text, the predicted class, the most probable label, or the only output.
    n_steps : int, default=32
        Initial number of points on the line at which the gradient is computed. Points are added,
        up to about 1024, until the contributions sum to the change of the score within 1%. No
        effect on occlusion.
    step : int or None, default=None
        Taggers only, which need it: the step whose tag is explained; -1 is the last one.

    Returns
    -------
    list of Explanation
        One for each text, see :class:`skrnn.inspection.Explanation`.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is not one of those above.
    ValueError
        If X is a single text instead of a list, `method` or `target` is unknown, `n_steps` is not
        a positive integer, or steps of a Pipeline add, drop or reorder tokens.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If 1024 points are not enough.

    See Also
    --------
    skrnn.trace : The states and gates of the recurrent layers, step by step.

    Notes
    -----
    The baseline :math:`x'` is the same text with all tokens unknown: the embedding of the unknown
    word at each step, and the scores of the n-gram model for a text without known n-grams. So an
    unknown word contributes exactly 0, as in occlusion, which replaces one token by the unknown
    word. Columns beside a text have their mean in the training rows. For numeric sequences, the
    baseline is zero in each channel once it is scaled: the mean of the training rows, or with
    ``scaling="series"`` that of the series (with ``scaling=None``, zero). Missing steps and values
    contribute 0. Let :math:`x` be all inputs of the network. The contribution of the i-th number is

    .. math:: (x_i - x'_i) \int_0^1 \frac{\partial F}{\partial x_i}(x' + a (x - x'))\, da

    computed by Gauss-Legendre quadrature on parts of the line. The parts with the largest gap
    between the integral and the change of the score are halved, until the sum of all gaps is below
    1% of the whole change, and the sum of their absolute values below 5%. The contributions of the
    components of a token's embedding are added. The contributions of an n-gram (its weights in
    the score, and in the network's extra input at its last token) are split equally among its
    tokens. The score of the convolutions beside a network of numeric sequences counts steps above
    thresholds, so it has no gradient. Its contribution is dealt to the numbers by putting them in
    place of the baseline one after another, from the first step to the last and from the last to
    the first: a number gets the mean of its two changes of the score. If there are more than 512
    numbers, neighboring steps share theirs equally.

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
    if method != "auto" and method not in METHODS:
        known = ["auto", *METHODS]
        raise InvalidInputError(f"method={method!r} is unknown; it must be one of {known}.")
    if not isinstance(n_steps, Integral) or isinstance(n_steps, bool) or n_steps < 1:
        raise InvalidInputError(f"n_steps must be a positive integer, got {n_steps!r}.")
    if getattr(getattr(estimator, "head_", None), "reads", None) == "steps":
        if method == "integrated_gradients":
            raise InvalidInputError(
                "method='integrated_gradients' is not supported for a tagger. Use 'occlusion'."
            )
        return explain_steps(estimator.as_of_now(), X, check_step(step), target, _number_of)
    if step is not None:
        raise InvalidInputError(
            f"step={step!r} is for taggers, which have an answer for each step. Leave it out."
        )
    method = "integrated_gradients" if method == "auto" else method
    classifier, rows = read(estimator, X, "explain")
    chosen = None if target is None else _number_of(target, classifier.head_.targets)
    found = []
    for row in rows:  # not a comprehension: in some Pythons it is a frame, which moves warnings
        found.append(_explain(classifier, row, method, chosen, int(n_steps)))
    return found


def _explain(classifier, row, method, chosen, n_steps):
    head = classifier.head_
    raw = classifier.network_.raw(row.sequence)
    direction, chosen = head.direction(raw, chosen)
    if method == "occlusion":
        n_steps = None
        values, columns, score, baseline_score = occlusion(classifier, row, direction)
    else:
        values, columns, score, baseline_score, n_steps = integrated_gradients(
            classifier, row, direction, n_steps
        )
    if row.is_read is not None:  # a missing step has no contribution
        of_all = np.zeros((len(row.is_read), *values.shape[1:]))
        of_all[row.is_read] = values
        values = of_all
    predicted = head.predict(raw)
    factor, constant = head.unit(chosen)
    return Explanation(
        text=row.text,
        tokens=row.tokens,
        spans=row.spans,
        ids=row.ids,
        values=factor * values,
        target=head.targets[[chosen]].tolist()[0],
        prediction=predicted[0] if predicted.ndim == 2 else predicted.tolist()[0],
        probability=head.probability(raw, chosen),
        score=factor * score + constant,
        baseline_score=factor * baseline_score + constant,
        method=method,
        n_steps=n_steps,
        columns=_named(factor * columns, classifier.columns_),
    )


def _named(columns, scaler):
    return None if scaler is None else dict(zip(scaler.names, columns.tolist(), strict=True))


def _number_of(target, targets):
    if hasattr(target, "as_py"):  # a scalar of Arrow
        target = target.as_py()
    if np.ndim(target) != 0:
        raise InvalidInputError(
            f"target={target!r} is several classes or outputs. Pass one of {targets.tolist()}, and "
            "call explain once for each."
        )
    found = np.flatnonzero(targets == target)
    if len(found) != 1:
        raise InvalidInputError(
            f"target={target!r} is not a class or output of the estimator, which are "
            f"{targets.tolist()}. target=None explains the predicted class of each text."
        )
    return int(found[0])
