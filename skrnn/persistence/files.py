"""`save` and `load`: an estimator and its file."""

from collections.abc import Sequence
from os import PathLike
from typing import Any
from warnings import warn

from sklearn.base import BaseEstimator

from skrnn.exceptions import InvalidFileError, InvalidInputError, InvalidTypeError
from skrnn.fileformat import container, strict_json
from skrnn.fileformat.errors import shown
from skrnn.fileformat.streams import Readable, Writable
from skrnn.persistence import registry

# Key of the state of the training in a checkpoint, and prefix of its arrays.
_TRAINING = "training"


def save(estimator: BaseEstimator, path: str | bytes | PathLike | Writable) -> None:
    """Write a fitted estimator to a file that is safe to load from untrusted sources.

    The file is a zip archive of JSON and arrays, and contains no code; see the page on persistence
    in the documentation. An existing file of that name stays intact until the new one is complete,
    and passes on its permissions.

    Parameters
    ----------
    estimator : estimator instance
        A fitted :class:`skrnn.RNNClassifier`, :class:`skrnn.TextToSequence`,
        :class:`skrnn.HashingTextToSequence` or :class:`skrnn.TextWithColumns`, a fitted step of
        :func:`skrnn.make_tfidf_logistic` or :func:`skrnn.make_nbsvm`, or a fitted
        :class:`~sklearn.pipeline.Pipeline` of these. Around them:
        :class:`~sklearn.model_selection.TunedThresholdClassifierCV`,
        :class:`~sklearn.model_selection.FixedThresholdClassifier`,
        :class:`~sklearn.calibration.CalibratedClassifierCV`,
        :class:`~sklearn.ensemble.VotingClassifier`, :class:`~sklearn.frozen.FrozenEstimator` and
        :class:`~sklearn.compose.ColumnTransformer`. Subclasses are not supported.
    path : str, bytes, path-like or binary file
        The file; by convention it ends in ".skrnn". A binary file that is open for writing, such as
        `io.BytesIO`, is written to at its current position, and stays open. It need not be
        seekable.

    Raises
    ------
    TypeError
        If `path` is neither a path nor a file, or is a file in text mode.
    TypeError
        If the estimator is of another class, or a parameter is a function, a Keras callback or
        another object that JSON cannot hold. The message names it and the way out.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the estimator was changed after `fit` so that its parts no longer fit together, if a
        value would be read back as another one, or if `path` is closed or a URL.
    OSError
        If the file cannot be written. An existing file is left unchanged; a file that was passed
        open may hold a part of the content.

    See Also
    --------
    skrnn.load : Reads the file.

    Notes
    -----
    The optimizer's state is stored only with ``warm_start=True``, as in a pickle.

    Examples
    --------
    >>> import os, tempfile
    >>> from skrnn import load, make_reviews, make_tfidf_logistic, save
    >>> reviews, labels = make_reviews(100, random_state=0)
    >>> path = os.path.join(tempfile.mkdtemp(), "reviews.skrnn")
    >>> pipe = make_tfidf_logistic().fit(reviews, labels)
    >>> save(pipe, path)
    >>> bool((load(path).predict_proba(reviews) == pipe.predict_proba(reviews)).all())
    True
    """
    tree, arrays = registry.encode(estimator)
    name = type(estimator).__name__

    # A file that cannot be loaded must raise now, while the estimator still exists.
    def check(document, found):
        try:
            again = registry.decode(document["model"], found, token_patterns=_patterns(tree))
        except InvalidFileError as error:
            raise InvalidInputError(
                f"{name} cannot be saved, because the file could not be loaded. In "
                f"{error.part}: {error.problem} Fit it again, or undo the changes made after fit."
            ) from error
        tree_again, arrays_again = registry.encode(again)
        place = strict_json.difference(tree_again, tree, "model")
        place = place or container.odd_array(arrays_again, arrays)
        if place is not None:
            raise InvalidInputError(
                f"{name} cannot be saved, because the file would hold another {place} than the "
                "estimator has. Fit it again, or use joblib.dump."
            )

    container.write(path, {"model": tree}, arrays, verify=check)


def load(path: str | bytes | PathLike | Readable, *, token_patterns: Sequence[str] = ()) -> Any:
    """Read an estimator from a file, which may come from an untrusted source.

    Loading runs no code of the file and imports nothing by a name in it. Memory is bounded by the
    size of the file, and all parts are checked against each other. Loading needs no TensorFlow,
    unless the file holds an optimizer or a schedule as an object, nor does predicting, see the
    Notes of :class:`skrnn.RNNClassifier`.

    Parameters
    ----------
    path : str, bytes, path-like or binary file
        A file that :func:`skrnn.save` has written, or a checkpoint of training, whose model is
        read. A binary file that is open for reading is read from its current position to the end
        of the model, and stays open. It need not be seekable.
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
    TypeError
        If `path` is neither a path nor a file, or is a file in text mode.
    ValueError
        If `path` is closed or a URL.
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
        error.path = container.path_of(path)
        raise
    if left_out:
        warn(
            f"The file {str(container.path_of(path))!r} is a checkpoint without "
            f"{', '.join(sorted(set(left_out)))}, which JSON cannot hold. Predictions do not need "
            "them. Before you continue training, set them again with set_params.",
            UserWarning,
            stacklevel=2,
        )
    return estimator


def _patterns(tree):
    """Return the token patterns in the tree of an estimator that is being saved."""
    if isinstance(tree, list):
        return [one for part in tree for one in _patterns(part)]
    if not isinstance(tree, dict):
        return []
    own = tree["parameters"].get("token_pattern") if "parameters" in tree else None
    return [own, *_patterns([part for part in tree.values() if isinstance(part, dict | list)])]
