"""The public ways to train an estimator: in one call, in calls with a part each, in chunks."""

from contextlib import contextmanager

from skrnn._sklearn_compat import _fit_context


class FitMethods:
    """Mixin of the estimators that hold a network and learn from labelled rows."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, X_unlabeled=None):
        """Train the network.

        Parameters
        ----------
        X : sparse array or array-like of shape (n_samples, n_timesteps[, n_channels]), or list
            Token ids or numeric sequences, see Notes of the class.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels of any type, or a multilabel indicator.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the loss, not negative. Rows of weight 0 take no part.
        X_val, y_val : as X and y, default=None
            Validation rows, for early stopping or to be followed in `history_`.
        X_unlabeled : as X, default=None
            More token ids, without labels, for ``embeddings="corpus"``, for pretraining, and for
            the losses that need none: beside each batch of labelled rows is one of these.

        Returns
        -------
        self : estimator
            Fitted. Where an error is raised, it is as it was before, but for Ctrl-C and
            divergence: these leave the last finished epoch, where there is one, and say so.

        Raises
        ------
        ValueError
            For bad parameters, sequences, targets or weights; the message says where.
        """
        with unchanged_on_error(self):
            going_on = self.warm_start and hasattr(self, "_keras")
            ended_by = self._train(
                X,
                y,
                sample_weight,
                X_val,
                y_val,
                X_unlabeled,
                going_on=going_on,
                epochs=self.epochs,
            )
        if ended_by is not None:
            raise ended_by
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_unlabeled=None):
        """Train for one epoch on the given rows, going on from where training stands.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            As in `fit`; need not have all classes.
        classes : array-like of shape (n_classes,), default=None
            All classes; needed in the first call where y lacks some.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        X_unlabeled : as X, default=None
            As in `fit`.

        Returns
        -------
        self : estimator
            Fitted. Where an error is raised, it is as it was before, but for Ctrl-C and
            divergence: these leave the last finished epoch, where there is one, and say so.
        """
        self._refuse_balanced("partial_fit")
        with unchanged_on_error(self):
            going_on = hasattr(self, "_keras")
            ended_by = self._train(
                X,
                y,
                sample_weight,
                X_unlabeled=X_unlabeled,
                going_on=going_on,
                epochs=1,
                classes=classes,
                sees_all=False,
            )
        if ended_by is not None:
            raise ended_by
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_chunks(self, chunks, classes=None, X_val=None, y_val=None):
        """Train on more rows than fit into memory: they come in chunks, once in each epoch.

        Parameters
        ----------
        chunks : iterable of tuple (X, y) or (X, y, sample_weight)
            Each part as in `fit`. In memory are the first chunk, one at a time of the others,
            and the next while it is read. It is iterated over `epochs` times: a list, or an
            object whose ``__iter__`` reads the files anew. A generator serves with ``epochs=1``.
            Batches hold rows of one chunk and are shuffled within it, so a chunk should have all
            sorts of rows.
        classes : array-like of shape (n_classes,), default=None
            All classes; needed where the first chunk lacks some.
        X_val, y_val : as X and y of `fit`, default=None
            Validation rows, for early stopping or to be followed in `history_`.

        Returns
        -------
        self : estimator
            Fitted. It has no n-grams and no vectors of the corpus, which want all
            rows at once, unless `warm_start` goes on from one that has them.
            ``batch_size="auto"`` is 128.

        Raises
        ------
        ValueError
            As in `fit`, with the number of the chunk, counted from 0.

        Examples
        --------
        >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
        >>> reviews, labels = make_reviews(400, random_state=0)
        >>> text = TextToSequence().fit(reviews[:100])
        >>> class Chunks:
        ...     def __iter__(self):
        ...         for start in range(0, 400, 100):
        ...             rows = slice(start, start + 100)
        ...             yield text.transform(reviews[rows]), labels[rows]
        >>> clf = RNNClassifier(units=8, epochs=2, random_state=0).fit_chunks(Chunks())
        >>> clf.n_iter_
        2
        """
        self._refuse_balanced("fit_chunks")
        with unchanged_on_error(self):
            going_on = self.warm_start and hasattr(self, "_keras")
            ended_by = self._train_chunks(chunks, classes, X_val, y_val, going_on=going_on)
        if ended_by is not None:
            raise ended_by
        return self

    def _refuse_balanced(self, method):
        if self.class_weight == "balanced":
            raise ValueError(
                f"class_weight='balanced' cannot be had in {method}, which sees a part of the "
                "rows at a time. Give the weights of all as a dict, from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
            )


@contextmanager
def unchanged_on_error(estimator):
    """Undo what a failed fit has set on the estimator."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        # scikit-learn's own clean-up of the callbacks still has to find these.
        keep = {k: v for k, v in vars(estimator).items() if k.startswith(("_callback", "_skl_"))}
        vars(estimator).clear()
        vars(estimator).update(before | keep)
        raise
