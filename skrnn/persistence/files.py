"""`save` and `load`: an estimator and its file."""

import os
from collections.abc import Sequence
from typing import Any
from warnings import warn

from sklearn.base import BaseEstimator

from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat import container
from skrnn.fileformat.errors import shown
from skrnn.persistence import registry

# What a checkpoint of training has besides the model, and where its arrays are.
_TRAINING = "training"


def save(estimator: BaseEstimator, path: str | os.PathLike) -> None:
    """Write a fitted estimator to a file that can be loaded without trusting it.

    The file is a zip archive of JSON and arrays, see the page on persistence of the
    documentation; there is nothing in it that would be run. An older file of the name stays whole
    until the new one is.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`~sklearn.pipeline.Pipeline` of the following, or one of them:
        :class:`skrnn.TextToSequence`, :class:`skrnn.RNNClassifier`, and what is in
        :func:`skrnn.make_tfidf_logistic` and :func:`skrnn.make_nbsvm`. Not subclasses.
    path : str or path-like
        The file; by custom it ends in ".skrnn".

    Raises
    ------
    TypeError
        For another class, and where a parameter is a function, a Keras callback or another object
        that is no data; named, with the way out.
    NotFittedError
        Before `fit`.
    ValueError
        Where the estimator was changed after `fit` so that its parts no longer fit together.
    OSError
        Where the file cannot be written. Nothing is left beside the older file.

    See Also
    --------
    skrnn.load : Reads the file.

    Notes
    -----
    The optimizer's state is kept only with ``warm_start=True``, as in a pickle.

    Examples
    --------
    >>> import os, tempfile
    >>> from skrnn import make_reviews, make_tfidf_logistic
    >>> from skrnn.persistence import load, save
    >>> reviews, labels = make_reviews(100, random_state=0)
    >>> path = os.path.join(tempfile.mkdtemp(), "reviews.skrnn")
    >>> pipe = make_tfidf_logistic().fit(reviews, labels)
    >>> save(pipe, path)
    >>> bool((load(path).predict_proba(reviews) == pipe.predict_proba(reviews)).all())
    True
    """
    tree, arrays = registry.encode(estimator)
    try:
        # What cannot be read must not be written, but told while the estimator is still there.
        registry.decode(tree, arrays, token_patterns=_patterns(tree))
    except InvalidFileError as error:
        raise InvalidInputError(
            f"{type(estimator).__name__} cannot be saved, for it could not be loaded. In "
            f"{error.part}: {error.problem} Fit it anew, or set it back to what fit has made."
        ) from error
    container.write(path, {"model": tree}, arrays)


def load(path: str | os.PathLike, *, token_patterns: Sequence[str] = ()) -> Any:
    """Read an estimator from a file.

    No code of the file is run, nothing is imported by a name in it, and memory is bounded by its
    size. What it says is taken only where all of it fits together.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`skrnn.save` has written, or a checkpoint of training, of which the
        model is read.
    token_patterns : sequence of str, default=()
        Values of `token_pattern` that are trusted besides skrnn's and scikit-learn's defaults and a
        few others: matching a regular expression of somebody else's may take for ever.

    Returns
    -------
    estimator : estimator instance
        It predicts what the saved one does, goes on with `partial_fit` and `warm_start`, and can
        be cloned, searched, pickled and saved again.

    Raises
    ------
    InvalidFileError
        Where the file is damaged, was changed, is of a newer format, or is none of skrnn's. A
        ValueError.
    OSError
        Where the file is missing or may not be read.

    Warns
    -----
    UserWarning
        Where the file is a checkpoint that has left out parameters.

    See Also
    --------
    skrnn.save : Writes the file.

    Examples
    --------
    >>> import os, tempfile
    >>> from skrnn import TextToSequence, load, save
    >>> path = os.path.join(tempfile.mkdtemp(), "text.skrnn")
    >>> save(TextToSequence().fit(["good film", "bad film"]), path)
    >>> load(path).transform(["bad film"]).toarray()
    array([[3, 2]], dtype=int32)
    """
    if isinstance(token_patterns, str):
        raise InvalidTypeError(
            f"token_patterns={token_patterns!r} is a str; wanted is a list of them. Put it in one."
        )
    document, arrays = container.read(path)
    left_out: list[str] = []
    try:
        odd = document.keys() - {"model", _TRAINING}
        if odd:
            raise InvalidFileError(
                f"It has {shown(min(odd))}, which is not known.", "document.json"
            )
        if "model" not in document:
            raise InvalidFileError("It has no 'model'.", "document.json")
        if _TRAINING in document:
            arrays = {k: v for k, v in arrays.items() if not k.startswith(f"{_TRAINING}/")}
        estimator = registry.decode(
            document["model"], arrays, token_patterns=token_patterns, left_out=left_out
        )
    except InvalidFileError as error:
        error.path = path
        raise
    if left_out:
        warn(
            f"The file {str(path)!r} is a checkpoint without {', '.join(sorted(set(left_out)))}, "
            "which JSON cannot hold. Predictions need none of them; before training goes on, set "
            "them anew with set_params.",
            UserWarning,
            stacklevel=2,
        )
    return estimator


def _patterns(tree):
    """Return the token patterns in the tree of one's own estimator."""
    if tree["class"] == "Pipeline":
        steps = [step["estimator"] for step in tree["steps"]]
        return [one for step in steps if isinstance(step, dict) for one in _patterns(step)]
    return [tree["parameters"].get("token_pattern")]
