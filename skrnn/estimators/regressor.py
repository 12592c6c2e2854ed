"""The regressor: its parameters, their documentation, and its predictions."""

from numbers import Real

from sklearn.base import RegressorMixin

from skrnn._sklearn_compat import Interval, StrOptions, _fit_context
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.extra_losses import WithExtraLosses
from skrnn.estimators.parameters import (
    CONVOLUTIONS,
    EXTRA_LOSSES,
    NETWORK,
    NGRAMS,
    NUMERIC,
    POOLING,
    REGULARIZATION,
    RUNNING,
    STOPPING,
    TRAINING,
)
from skrnn.heads.numbers import check_numbers
from skrnn.heads.values import LOSSES, ValuesHead


class RNNRegressor(RegressorMixin, WithExtraLosses, NetworkEstimator):
    """Predict numbers from sequences with a recurrent neural network.

    The network reads a sequence step by step (tokens of a text through an embedding, numeric
    channels as they are), pools the states of its recurrent layer over time, and computes one
    number, or one for each column of y. By default, on token ids, a ridge regression on n-grams is
    fitted beside the network and its score is added to the network's output (see `ngram_range`).

    The network is trained by mini-batch gradient descent on `loss`. A batch holds sequences of
    similar length. y is scaled inside, so its unit does not matter: billions and millionths are
    learned alike, and predictions are in the unit of y.

    Each parameter applies to token ids and to numeric sequences, unless its description begins
    with "Token ids only" or "Numeric sequences only". The parameters are in groups, in this order:

    - network: `cell` to `ngram_range`;
    - regularization: `word_dropout` to `extra_losses`;
    - training: `loss` to `batch_size`;
    - stopping: `early_stopping` to `tol`;
    - running: `warm_start` to `random_state`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        The recurrent layer: simple (Elman 1990), long short-term memory (Hochreiter &
        Schmidhuber 1997) or gated recurrent unit (Cho et al. 2014), as in Keras.

    units : int or tuple of int, default=64
        Number of units of the recurrent layer. A tuple stacks several layers, first to last.

    bidirectional : bool, default=True
        Whether each layer also reads the sequence from its end.

    n_networks : int, default=1
        Number of networks that are trained together and answer together, at most 100 (a deep
        ensemble, Lakshminarayanan et al. 2017, arXiv:1612.01474). They read the same batches and
        share nothing: each has weights, initial values and dropout of its own, and its own loss,
        whose gradients are clipped apart. The output before the last activation is the mean of
        theirs, which for probabilities is their geometric mean (Heskes 1998). In `history_`, losses
        of training rows are means over the networks, all else is of the common answer. Time and
        size grow in proportion.

    embedding_dim : int, default=128
        Token ids only. Dimension of the token embedding. Ignored if `embeddings` are pretrained
        vectors, which have their own dimension.

    embeddings : "corpus", path, mapping, ndarray or None, default="corpus"
        Token ids only. Initial values of the token embedding:

        - "corpus": vectors computed in seconds from the training rows and `X_unlabeled`, see
          :func:`skrnn.embeddings.corpus_embeddings`. If training starts with `partial_fit`, which
          never sees all rows, this is the same as None;
        - pretrained vectors: the path of a GloVe, word2vec or fastText file, or a mapping of
          words to vectors, see :func:`skrnn.fetch_vectors` and
          :func:`skrnn.embeddings.read_embeddings`. X must come from
          :class:`skrnn.TextToSequence`, whose output names its words. Its `extra_words` gives ids
          to words that only the vectors have;
        - an array of shape (vocabulary_size, n_dims), row i for the id i;
        - None: small random numbers.

    trainable_embeddings : bool, default=True
        Token ids only. Whether training changes the token embedding. It changes the vectors of the
        words that it sees; those of others (`extra_words`) stay as they are, except for a decay of
        weights that `optimizer` has.

    vocabulary_size : int or None, default=None
        Token ids only. Number of token ids, including 0 (padding) and 1 (unknown). Larger ids
        raise an error. If None, inferred from the output of :class:`skrnn.TextToSequence`, or,
        for other input, from the largest id seen in `fit`.

    input : {"auto", "tokens", "numeric"}, default="auto"
        What X holds. "auto" decides by dtype: integers are token ids, floats are numeric
        sequences. It warns if X looks like something else (see the user guide). With "tokens", NaN
        at the end of rows of floats is padding.

    scaling : {"auto", "standard", "series", None}, default="auto"
        Numeric sequences only. How numbers are scaled before the network reads them, in float64:

        - "standard": each channel by its mean and standard deviation over all steps of the
          training rows. So units make no difference. A channel that is constant is only centered;
        - "series": each channel of each series by its own mean and standard deviation, so that
          level and amplitude of a series make no difference. A constant series is zero;
        - "auto": "standard";
        - None: not at all.

        The first call of `partial_fit`, and the first chunk of `fit_chunks`, decide; later ones
        only for a channel that was constant until then.

    patch_size : int or "auto", default="auto"
        Numeric sequences only. Number of consecutive time steps that the network reads as one, with
        so many times the channels. Long series then need fewer steps, which is faster, and they
        are easier to learn. What the last patch of a series lacks is filled up with zeros after
        scaling. "auto" is the mean length of the training rows divided by 40, rounded, and at least
        1, which means no patches.

    pooling : {"last", "max", "mean", "attention"}, default="max"
        How the states of all time steps become one vector: the state after the last step, the
        maximum or mean over the steps, or a mean weighted by a learned attention.

    ngram_range : tuple (min_n, max_n) or None, default=(1, 3)
        Token ids only. Adds a ridge regression on the n-grams of these lengths. Their weights are
        the log-ratio of their counts in rows with large and small y, as in NB-SVM (Wang & Manning
        2012), and its penalty is chosen by cross-validation. It is fitted before the network. At
        each token, the network reads the sum of the coefficients of the n-grams that end there, one
        sum for each of up to 16 columns of y. The score of the n-gram model is multiplied by a
        learned weight and added to the network's output ("wide and deep", Cheng et al. 2016).
        During training, the n-gram scores are cross-fitted, as in stacking, so that the network
        learns how far to trust them. None turns the n-gram model off. No effect if training starts
        with `partial_fit`, which never sees all rows.

    n_kernels : int, "auto" or None, default="auto"
        Numeric sequences only. Adds a linear model of features of convolutions, as MiniRocket's
        (Dempster et al. 2021), and of levels. It is fitted before the network, by ridge
        regression, and its score is multiplied by a learned weight and added to the network's
        output. The training rows are scored by models that have not seen them, so that the network
        learns how far to trust the scores. An int of 84 or more is the number of features of
        convolutions, rounded down to a multiple of 84; "auto" is 9,996, and fewer for more than
        839 rows. None turns the model off. No effect if training starts with `partial_fit` or
        `fit_chunks`, which never see all rows.

    word_dropout : float, default=0.1
        Token ids only. Fraction of the tokens that are replaced by the unknown word during
        training. In [0, 1).

    embedding_dropout : float, default=0.3
        Token ids only. Fraction of the embedding's dimensions dropped during training, the same
        ones at every step of a sequence. In [0, 1).

    recurrent_dropout : float, default=0.0
        Fraction of the state dropped between time steps during training. In [0, 1). Values above
        0 make training slow.

    dropout : float, default=0.5
        Fraction of the pooled vector dropped before the dense layer during training. In [0, 1).

    extra_losses : loss, list of tuple (name, loss), or None, default=None
        Token ids only. Losses that are added to `loss`: one of :class:`skrnn.AdversarialLoss` and
        :class:`skrnn.VirtualAdversarialLoss`, or both in a list, each with a name. A search reaches
        the parameters of a single loss as ``extra_losses__epsilon``, and those of a loss in a list
        as ``name__epsilon``, as in :class:`sklearn.pipeline.FeatureUnion`. Not supported in
        `fit_chunks`.

    loss : {"squared_error", "absolute_error", "huber", "poisson", "quantile"}, \
default="squared_error"
        What training minimizes:

        - "squared_error": predicts the mean. y is centered at its mean and divided by its standard
          deviation;
        - "absolute_error": predicts the median. y is centered at its median and divided by its
          interquartile range, as a multiple of that of a normal distribution, so that a few huge
          numbers do not decide the scale;
        - "huber": squared up to 1.35 of the robust standard deviations of "absolute_error", and
          absolute beyond (Huber 1964);
        - "poisson": half the Poisson deviance, for counts and other numbers that are not negative.
          y is divided by its mean, and the network predicts the logarithm;
        - "quantile": predicts the quantile `quantile` by the pinball loss (Koenker & Bassett 1978).
          y is centered at that quantile, and divided as for "absolute_error".

        If y has several columns, each is scaled for itself, and the losses are averaged.

    quantile : float or None, default=None
        The quantile that ``loss="quantile"`` predicts, in (0, 1). No effect for other losses.

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an optimizer, which is copied and not changed.

    learning_rate : float or keras LearningRateSchedule, default=0.002
        The learning rate. Ignored if `optimizer` is an object.

    learning_rate_decay : float or "auto", default="auto"
        The learning rate of epoch k is ``learning_rate / (1 + learning_rate_decay * k)``. Epochs
        are counted from 0, and the count continues through `partial_fit` and `warm_start`. "auto"
        is 1 for token ids, in the first five epochs; later ones have the learning rate of the
        fifth. For numeric sequences, it is such that the learning rate is a quarter
        after the epochs of ``epochs="auto"``, and 0 in `partial_fit` and `fit_chunks`. For long
        training on clean texts, or on an endless stream, use less; 0 keeps the learning rate
        constant. No effect if `learning_rate` is a schedule, if a callback sets the learning rate,
        or if `optimizer` is an object.

    global_clipnorm : float or None, default=1.0
        If the norm of all gradients together is larger than this, they are scaled down to it.
        None does not clip. Ignored if `optimizer` is an object.

    pretraining_epochs : int, default=0
        Token ids only. Number of epochs in which the embedding and the recurrent layers are first
        trained as a language model on the training rows and `X_unlabeled` (Dai & Le 2015). Forward
        layers predict the next token, backward layers the previous one; of a bidirectional stack,
        only the first layer is pretrained. Uses the settings of `optimizer`, and no dropout except
        `recurrent_dropout`. No effect in `partial_fit`, nor if `warm_start` continues a training.

    epochs : int or "auto", default="auto"
        Number of passes over the training rows; with early stopping, the maximum. With "auto",
        training on token ids ends when the training loss is at most 0.3 times that of a constant
        answer, after 5 epochs at least and 40 at most (fewer if that would make more than 5000
        updates of the weights). For numeric sequences, "auto" is as many as make 1000 updates, so
        that few rows are enough, and at least 20 (fewer for more than 38,000 rows). In
        `fit_chunks`, which does not know how many rows there are, it is 5.

    batch_size : int or "auto", default="auto"
        Number of rows in each update of the weights. "auto" is the power of two from 8 to 128
        that is nearest to a two-hundredth of the training rows, so that small data gets enough
        updates. Has no influence on predictions.

    early_stopping : bool, default=False
        Whether to stop when the loss on validation rows, or their score (`scoring`), has not
        improved for `n_iter_no_change` epochs, and to keep the weights of the best epoch. The
        validation rows are `X_val` and `y_val` of `fit` if given, and a random part of the training
        rows otherwise. If that part would have fewer than ten rows, `fit` warns, and trains for all
        epochs on all rows.

    scoring : str, callable or None, default="loss"
        What early stopping watches, as in
        :class:`sklearn.ensemble.HistGradientBoostingRegressor`: the "loss" on the validation rows;
        or a score, by the name of a scorer of scikit-learn, such as "r2", by a callable
        ``scorer(estimator, X, y)``, or, with None, by the method `score`. After each epoch, the
        estimator as it is then is scored on the validation rows, with their `sample_weight` if
        they are a part of the training rows and the scorer takes weights. `history_` has the
        score as "val_score", also if `early_stopping` is off and `X_val` is given. A scorer that
        fails, or returns NaN, raises an error.

    validation_fraction : float, default=0.1
        Fraction of the training rows set aside for early stopping. In (0, 1).

    n_iter_no_change : int or "auto", default="auto"
        Number of epochs without improvement after which early stopping ends the training. "auto" is
        2 for token ids, and for numeric sequences a tenth of the epochs of ``epochs="auto"``, and
        at least 2.

    tol : float, default=0.0
        Minimum decrease of the validation loss, or increase of the score, that counts as an
        improvement.

    warm_start : bool, default=False
        Whether `fit` continues from the weights, optimizer state and history of the previous
        fit. If True, pickles include the optimizer's state.

    checkpoint : path, skrnn.Checkpoint or None, default=None
        Folder for checkpoints, or a :class:`skrnn.Checkpoint` of a folder and an interval. After
        every epoch, also of pretraining, and every ten minutes within an epoch, `fit` writes a
        file with weights, optimizer state, random state and history. The last two are kept. The
        same fit (parameters, data and seed; for `fit_chunks`, the first chunk), also in a later
        process, resumes from there and gives the same bytes as a fit without interruption; a
        finished fit is loaded, not repeated. A fit with more epochs continues one with fewer,
        unless callbacks may look ahead or remember. Each other fit has its own subfolder.
        :func:`skrnn.load` reads a checkpoint as a model. No effect in `partial_fit`.

    callbacks : list of keras.callbacks.Callback, or None, default=None
        Keras callbacks run in `fit`. For scikit-learn's own, such as
        :class:`sklearn.callback.ProgressBar`, see `set_callbacks`.

    verbose : int, default=0
        0 is silent. 1 writes a line with losses and scores for each epoch and, in a terminal, or
        in a notebook with ipywidgets, shows a progress bar with the remaining time. 2 writes the
        lines only. Fits within a search are silent.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, dropout, the order of rows and the validation split. The same int gives
        the same model, bit for bit, on the same machine with the same versions.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of X in `fit`; the number of channels if X has three dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all are strings.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, whose weights are kept; `n_iter_` without early stopping.
    history_ : dict of str to list of float
        One value for each epoch: "loss" and "rmse", the root mean squared error, on the training
        rows (running means over the epoch), and "val_loss" and "val_rmse" if there are validation
        rows; their "val_score" unless `scoring` is "loss". Loss and "rmse" are of the scaled y, see
        `loss`: with the squared error, a constant has an "rmse" of 1. Additional losses in use are
        not part of "loss". They are in "adversarial_loss" and "virtual_adversarial_loss".
    pretraining_history_ : dict of str to list of float
        The "loss" of the language model in each epoch of pretraining, in nats per token. For a
        vocabulary of more than 512 words, it is the loss of a sampled softmax (Jean et al. 2015),
        which is lower than that of the full one.
    vocabulary_size_ : int or None
        Number of token ids; None for numeric sequences.
    embedding_coverage_ : skrnn.embeddings.EmbeddingCoverage or None
        How much of the vocabulary, and of the running text, pretrained `embeddings` cover.
    network_ : skrnn.network.fitted.FittedNetwork
        The trained network, which predicts without TensorFlow.
    head_ : skrnn.heads.base.Head
        How y becomes targets, and raw output becomes predictions: ``head_.center`` and
        ``head_.scale`` of each column.
    ngrams_ : skrnn.ngrams.NgramModel or None
        The linear n-gram model beside the network.
    convolutions_ : skrnn.convolutions.ConvolutionModel or None
        The linear model of convolutions beside the network.
    columns_ : skrnn.sequences.ColumnScaler or None
        Names, mean and standard deviation of the numeric columns beside the texts, see
        :class:`skrnn.TextWithColumns`; None without columns.
    channels_ : skrnn.sequences.ChannelScaler or None
        How numeric sequences are scaled: `scaling` and, for each channel, `mean` and `scale`, the
        standard deviation (0 if it is constant). None for token ids.
    patch_size_ : int or None
        Number of time steps of a numeric sequence that the network reads as one; None for token
        ids.
    model_ : keras.Model
        The network as a Keras model: ``model_.summary()`` shows its layers. Loads TensorFlow.
        Changing its weights changes the predictions.

    See Also
    --------
    skrnn.TextToSequence : Converts documents to token ids.
    skrnn.TextWithColumns : Puts numeric columns beside them.
    skrnn.build_network : The network as a plain Keras model.

    Notes
    -----
    X is one of

    - token ids: a SciPy sparse array as :class:`skrnn.TextToSequence` returns it, a dense integer
      array of shape (n_samples, n_timesteps), or a list of lists of ids. Zeros are padding and
      are removed anywhere in a row; the width may differ from that in `fit`. A row without ids,
      or only with id 1 (unknown), is the empty sequence. From :class:`skrnn.TextWithColumns`,
      they have numeric columns beside them, which the network reads too.
    - numeric sequences: dense floats of shape (n_samples, n_timesteps) or (n_samples, n_timesteps,
      n_channels), or a list of such rows, or a data frame whose cells are series, one column a
      channel. They need no scaling (see `scaling`). NaN, or masked, are missing: steps at the end
      are padding, and other steps without any number are left out. If only some channels of a step
      are missing, they have their mean in the training rows (with ``scaling="series"``, in the
      series). A sequence without numbers is read as one step of zeros, after scaling.

    If token ids have words, as the output of :class:`skrnn.TextToSequence` has, they must be the
    words of `fit`: another vocabulary raises an error.

    Predictions are computed by Numba kernels and NumPy, or by NumPy alone if Numba is not
    installed. They need no TensorFlow, which is loaded to train, for `model_`, and to predict on
    a GPU or with the environment variable ``SKRNN_PREDICT=tensorflow``.

    With Numba, the prediction for a row has the same bytes whatever the other rows, the padding,
    the size of the batch, the container of X or the thread. Without Numba, predictions agree up
    to the rounding of float32 sums.

    References
    ----------
    P. J. Huber (1964). Robust estimation of a location parameter. The Annals of Mathematical
    Statistics 35 (1), 73-101.

    R. Koenker and G. Bassett (1978). Regression quantiles. Econometrica 46 (1), 33-50.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import RNNRegressor, TextToSequence, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> stars = np.where(labels, 8.0, 3.0)
    >>> pipe = make_pipeline(TextToSequence(), RNNRegressor(units=8, epochs=2, random_state=0))
    >>> pipe.fit(reviews, stars).predict(["Not bad at all, I loved it"]).shape
    (1,)
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's own way to declare them)
        **NETWORK,
        **NUMERIC,
        **POOLING,
        **NGRAMS,
        **CONVOLUTIONS,
        **REGULARIZATION,
        **EXTRA_LOSSES,
        "loss": [StrOptions(set(LOSSES))],
        "quantile": [Interval(Real, 0, 1, closed="neither"), None],
        **TRAINING,
        **STOPPING,
        **RUNNING,
    }

    def __init__(
        self,
        cell="lstm",
        units=64,
        *,
        bidirectional=True,
        n_networks=1,
        embedding_dim=128,
        embeddings="corpus",
        trainable_embeddings=True,
        vocabulary_size=None,
        input="auto",
        scaling="auto",
        patch_size="auto",
        pooling="max",
        ngram_range=(1, 3),
        n_kernels="auto",
        word_dropout=0.1,
        embedding_dropout=0.3,
        recurrent_dropout=0.0,
        dropout=0.5,
        extra_losses=None,
        loss="squared_error",
        quantile=None,
        optimizer="adam",
        learning_rate=0.002,
        learning_rate_decay="auto",
        global_clipnorm=1.0,
        pretraining_epochs=0,
        epochs="auto",
        batch_size="auto",
        early_stopping=False,
        scoring="loss",
        validation_fraction=0.1,
        n_iter_no_change="auto",
        tol=0.0,
        warm_start=False,
        checkpoint=None,
        callbacks=None,
        verbose=0,
        random_state=None,
    ):
        self.cell = cell
        self.units = units
        self.bidirectional = bidirectional
        self.n_networks = n_networks
        self.embedding_dim = embedding_dim
        self.embeddings = embeddings
        self.trainable_embeddings = trainable_embeddings
        self.vocabulary_size = vocabulary_size
        self.input = input
        self.scaling = scaling
        self.patch_size = patch_size
        self.pooling = pooling
        self.ngram_range = ngram_range
        self.n_kernels = n_kernels
        self.word_dropout = word_dropout
        self.embedding_dropout = embedding_dropout
        self.recurrent_dropout = recurrent_dropout
        self.dropout = dropout
        self.extra_losses = extra_losses
        self.loss = loss
        self.quantile = quantile
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.global_clipnorm = global_clipnorm
        self.pretraining_epochs = pretraining_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state

    def _check_y(self, y):
        return check_numbers(y, self)

    def _make_head(self, y, classes):
        return ValuesHead.fit(y, self)

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, X_unlabeled=None):
        """Train the network.

        Parameters
        ----------
        X : sparse array or array-like of shape (n_samples, n_timesteps[, n_channels]), or list
            Token ids or numeric sequences, see Notes of the class.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Finite numbers, not negative with ``loss="poisson"``. A data frame has its columns in
            the same order in later calls. Equal numbers are no error: they are predicted.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows in the loss, and in the scale of y. Only their
            proportions count: they are divided by the mean of those that are not zero. Rows of
            weight 0 are ignored. Rows of `X_val` have weight 1.
        X_val, y_val : as X and y, default=None
            Validation rows, for early stopping and for the validation scores in `history_`.
        X_unlabeled : as X, default=None
            Token ids without numbers, used by ``embeddings="corpus"``, by pretraining, and by
            :class:`skrnn.VirtualAdversarialLoss`: each batch of rows is paired with a batch of
            these.

        Returns
        -------
        self : estimator
            The fitted estimator. If an error is raised, the estimator is left unchanged. After
            Ctrl-C or divergence it keeps the last finished epoch, if any, and the error says so.

        Raises
        ------
        ValueError
            If parameters, sequences, targets or weights are not valid. The message names the
            place. Also if loss or weights become NaN or infinite.
        RuntimeError
            If TensorFlow cannot train here: in a forked process, or without eager execution.

        Warns
        -----
        AmbiguousInputWarning
            If X may be something else than what it is read as, see `input`.
        ConvergenceWarning
            If the training loss of numeric sequences has not converged, or not left that of a
            constant answer.
        """
        return super().fit(X, y, sample_weight, X_val, y_val, X_unlabeled)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, X_unlabeled=None):
        """Train for one more epoch on the given rows.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in `fit`. The first call sets the scale of y, or, for a column whose numbers are all
            equal there, the first call with others.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, divided by the mean of the first call, so that the weights of all
            calls have the same unit.
        X_unlabeled : as X, default=None
            As in `fit`.

        Returns
        -------
        self : estimator
            The fitted estimator. If an error is raised, the estimator is left unchanged. After
            Ctrl-C or divergence it keeps the last finished epoch, if any, and the error says so.

        Raises
        ------
        ValueError, RuntimeError
            As in `fit`, and if X has ids of another vocabulary than the first call, or `loss` has
            changed.
        """
        return self._partial_fit(X, y, sample_weight, X_unlabeled)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_chunks(self, chunks, X_val=None, y_val=None):
        """Train on more rows than fit into memory, given in chunks.

        Parameters
        ----------
        chunks : iterable of tuple (X, y) or (X, y, sample_weight)
            Each part is as in `fit`; weights are divided by the mean of the first chunk, which
            also sets the scale of y (or, if its numbers are all equal, the first chunk with
            others). The first chunk stays in memory, together with the current chunk and the one
            that is being read. `chunks` is iterated over once in each epoch, so pass a list, or an
            object whose ``__iter__`` reads the files again. A generator works with ``epochs=1``. A
            batch holds rows of a single chunk, and rows are shuffled within their chunk, so each
            chunk should be a mixture of all kinds of rows.
        X_val, y_val : as X and y of `fit`, default=None
            Validation rows, for early stopping and for the validation scores in `history_`.

        Returns
        -------
        self : estimator
            The fitted estimator. It has no n-gram model and no corpus vectors, which need all
            rows at once, unless `warm_start` continues a fit that has them.
            ``batch_size="auto"`` is 128.

        Raises
        ------
        ValueError, RuntimeError
            As in `fit`. For errors in a chunk, the message has its number, counted from 0.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import RNNRegressor
        >>> X = np.random.default_rng(0).normal(size=(200, 5))
        >>> chunks = [(X[:100], X[:100].sum(axis=1)), (X[100:], X[100:].sum(axis=1))]
        >>> RNNRegressor(units=8, epochs=2, random_state=0).fit_chunks(chunks).n_iter_
        2
        """
        return self._fit_chunks(chunks, X_val, y_val)

    def predict(self, X):
        """Return the predicted numbers.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs), float64
            In the unit and the shape of the y of `fit`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences are not valid, have ids of another vocabulary, or lack numeric columns of
            `fit`.
        """
        return self._answer(X, lambda head, raw: head.predict(raw))

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination R², averaged over the columns of y.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            As in `fit`. The columns of a data frame must be those of `fit`, in their order.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences, numbers or weights are not valid, as in `fit`.
        """
        y, sample_weight = self._to_score(X, y, sample_weight)
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags of this estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # Sparse input is token ids. scikit-learn's tag does not distinguish them from numbers.
        tags.input_tags.sparse = self.input == "numeric"
        tags.input_tags.three_d_array = True
        return tags
