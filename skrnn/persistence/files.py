"""`save` and `load`: an estimator and its file."""

import os
from collections.abc import Sequence
from typing import Any
from warnings import warn

from sklearn.base import BaseEstimator

from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat import container
from skrnn.fileformat.errors import shown
from skrnn.paths import local_path
from skrnn.persistence import registry

# Key of the state of the training in a checkpoint, and prefix of its arrays.
_TRAINING = "training"
_WAY_OUT = "Use a local file, and copy it from or to the storage."


def save(estimator: BaseEstimator, path: str | os.PathLike) -> None:
    """Write a fitted estimator to a file that is safe to load from untrusted sources.

    The file is a zip archive of JSON and arrays, and contains no code; see the page on persistence
    in the documentation. An existing file of that name stays intact until the new one is complete.


    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`skrnn.TextToSequence` or :class:`skrnn.RNNClassifier`, a fitted step of
        :func:`skrnn.make_tfidf_logistic` or :func:`skrnn.make_nbsvm`, or a fitted
        :class:`~sklearn.pipeline.Pipeline` of these. Subclasses are not supported.
    path : str or path-like
        The file; by convention it ends in ".skrnn".

    Raises
    ------
    TypeError
        If the estimator is of another class, or a parameter is a function, a Keras callback or
        another object that JSON cannot hold. The message names it and the way out.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the estimator was changed after `fit` so that its parts no longer fit together.
    OSError
        If the file cannot be written. An existing file is left unchanged.

    See Also
    --------
    skrnn.load : Reads the file.

    Notes
    -----
    The optimizer's state is stored only with ``warm_start=True``, as in a pickle.

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
    local_path(path, "path of skrnn.save", _WAY_OUT)
    tree, arrays = registry.encode(estimator)
    try:
        # A file that cannot be loaded must raise now, while the estimator still exists.
        registry.decode(tree, arrays, token_patterns=_patterns(tree))
    except InvalidFileError as error:
        raise InvalidInputError(
            f"{type(estimator).__name__} cannot be saved, because the file could not be loaded. In "
            f"{error.part}: {error.problem} Fit it again, or undo the changes made after fit."
        ) from error
    container.write(path, {"model": tree}, arrays)


def load(path: str | os.PathLike, *, token_patterns: Sequence[str] = ()) -> Any:
    """Read an estimator from a file, which may come from an untrusted source.

    Loading runs no code of the file and imports nothing by a name in it. Memory is bounded by the
    size of the file, and all parts are checked against each other. Loading needs no TensorFlow,
    unless the file holds an optimizer or a schedule as an object, nor does predicting, see the
    Notes of :class:`skrnn.RNNClassifier`.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`skrnn.save` has written, or a checkpoint of training, whose model is
        read.
    token_patterns : sequence of str, default=()
        Values of `token_pattern` to trust, in addition to the defaults of skrnn and scikit-learn
        and a few others. Matching a regular expression from an untrusted source may take forever.

    Returns
    -------
    estimator : estimator instance
        It makes the same predictions as the saved one, can be trained further with `partial_fit`
        and `warm_start`, and can be cloned, searched, pickled and saved again.

    Raises
    ------
    InvalidFileError
        If the file is damaged, was changed, has a newer format, or is not a file of skrnn. It is
        a ValueError.
    OSError
        If the file is missing or may not be read.

    Warns
    -----
    UserWarning
        If the file is a checkpoint without some of the parameters.

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
            f"token_patterns={token_patterns!r} is a str, but must be a list of str. Put it into a "
            "list."
        )
    local_path(path, "path of skrnn.load", _WAY_OUT)
    document, arrays = container.read(path)
    left_out: list[str] = []
    try:
        odd = document.keys() - {"model", _TRAINING}
        if odd:
            raise InvalidFileError(f"It has the unknown key {shown(min(odd))}.", "document.json")
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
            "which JSON cannot hold. Predictions do not need them. Before you continue training, "
            "set them again with set_params.",
            UserWarning,
            stacklevel=2,
        )
    return estimator


def _patterns(tree):
    """Return the token patterns in the tree of an estimator that is being saved."""
    if tree["class"] == "Pipeline":
        steps = [step["estimator"] for step in tree["steps"]]
        return [one for step in steps if isinstance(step, dict) for one in _patterns(step)]
    return [tree["parameters"].get("token_pattern")]
