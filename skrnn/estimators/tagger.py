"""The tagger: its parameters, their documentation, and its predictions."""

from numbers import Integral

import numpy as np

from skrnn._sklearn_compat import Interval, StrOptions, _fit_context
from skrnn.estimators.parameters import (
    NETWORK,
    NUMERIC,
    REGULARIZATION,
    RUNNING,
    STOPPING,
    TRAINING,
)
from skrnn.estimators.tagging import WordsOrSequences
from skrnn.exceptions import InvalidInputError
from skrnn.heads.tags import OUTPUTS, TagsHead
from skrnn.metrics import token_accuracy_score
from skrnn.sequences.ragged import as_rows, ragged_labels, refuse_unequal_rows, row_ends
from skrnn.text import TextToSequence
from skrnn.text.word_reader import CONTEXTS


class RNNTagger(WordsOrSequences):
    """Predict a tag for each step of a sequence with a recurrent neural network.

    Names in a sentence, parts of speech, chunks, the slots of a command, the state of a machine at
    each instant: X is a list of sentences, each a list of words, and y a list of lists of tags. The
    network reads each word by its embedding and by how it is written (see `affixes`), runs a
    recurrent layer over the sentence in both directions, and scores each tag at each step. By
    default, a conditional random field then finds the best row of tags, so that neighbouring tags
    fit one another.

    X may also be token ids or numeric sequences, with a tag for each step. Every step is kept and
    tagged, unknown words included.

    The network is trained by mini-batch gradient descent on the negative log-likelihood. A batch
    holds sequences of similar length.

    Each parameter applies to all of these, unless its description begins with "Words only", "Token
    ids only" (which includes words) or "Numeric sequences only". The parameters are in groups, in
    this order:

    - network: `cell` to `scheme`;
    - regularization: `word_dropout` to `dropout`;
    - training: `optimizer` to `batch_size`;
    - stopping: `early_stopping` to `tol`;
    - running: `warm_start` to `random_state`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        The recurrent layer: simple (Elman 1990), long short-term memory (Hochreiter &
        Schmidhuber 1997) or gated recurrent unit (Cho et al. 2014), as in Keras.

    units : int or tuple of int, default=128
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

    embedding_dim : int, default=100
        Token ids only. Dimension of the token embedding. Ignored if `embeddings` are pretrained
        vectors, which have their own dimension.

    embeddings : "corpus", path, mapping, ndarray or None, default="corpus"
        Token ids only. Initial values of the token embedding:

        - "corpus": vectors computed in seconds from the training rows and `X_unlabeled`, see
          :func:`skrnn.embeddings.corpus_embeddings`. If training starts with `partial_fit`, which
          never sees all rows, this is the same as None;
        - pretrained vectors: the path of a GloVe, word2vec or fastText file, or a mapping of
          words to vectors, see :func:`skrnn.fetch_vectors` and
          :func:`skrnn.embeddings.read_embeddings`. X must have words, or come
          from :class:`skrnn.TextToSequence`, whose output names them. Its `extra_words` gives ids
          to words that only the vectors have (``text=TextToSequence(max_features=None,
          extra_words=...)``);
        - an array of shape (vocabulary_size, n_dims), row i for the id i;
        - None: small random numbers.

    trainable_embeddings : bool, default=True
        Token ids only. Whether training changes the token embedding. It changes the vectors of the
        words that it sees; those of others (`extra_words`) stay as they are, except for a decay of
        weights that `optimizer` has.

    vocabulary_size : int or None, default=None
        Token ids only. Number of token ids, including 0 (padding) and 1 (unknown). Larger ids
        raise an error. If None, inferred from the words, from the output of
        :class:`skrnn.TextToSequence`, or, for other input, from the largest id seen in `fit`.

    input : {"auto", "tokens", "numeric"}, default="auto"
        What X holds, if it does not hold words. "auto" decides by dtype: integers are token ids,
        floats are numeric sequences. It warns if X looks like something else (see the user guide).
        With "tokens", NaN at the end of rows of floats is padding.

    text : skrnn.TextToSequence or None, default=None
        Words only. Says which words get an id of their own, by its `max_features`, `min_df`,
        `max_df`, `vocabulary` or `extra_words`, and how they are compared, by `lowercase` and
        `strip_accents`. A row that its `max_length` would cut is an error. None gives an id to each
        word of the training rows, in lower case. A grid reaches its parameters as
        ``text__max_features``. It is not changed.

    affixes : tuple (min_length, max_length) or None, default=(1, 4)
        Words only. The lengths of the prefixes and suffixes that are embedded beside each word,
        together with its shape ("Xxx" for London), as in NCRF++ and spaCy. Those that occur once in
        the training rows are left out. Words that are not in the vocabulary are read by them. None
        reads no spellings.

    window : int or None, default=2
        Words only. Adds a linear conditional random field of the surroundings of each word: the
        words of so many steps to each side, its spellings and those of its neighbours, and the
        columns beside the words, alone and up to three in a row, which are the customary templates
        of CRF++ and CRFsuite. It is fitted by averaged stochastic gradient descent (Bottou 2010),
        in seconds, independently of the network. In predictions, the scores of both are averaged,
        which is a logarithmic opinion pool of two models with different errors (Heskes 1998). The
        linear model has a weight of 0.3 where each word of the training rows occurs twice or more,
        and up to 0.65 where many occur once, so that many will be new. Surroundings that occur once
        in the training rows are left out. None turns the model off. No effect if training starts
        with `partial_fit`, which never sees all rows.

    scaling : {"auto", "standard", "series", None}, default="auto"
        Numeric sequences only. How numbers are scaled before the network reads them, in float64:

        - "standard": each channel by its mean and standard deviation over all steps of the
          training rows. So units make no difference. A channel that is constant is only centered;
        - "series": each channel of each series by its own mean and standard deviation, so that
          level and amplitude of a series make no difference. A constant series is zero;
        - "auto": "standard";
        - None: not at all.

        The first call of `partial_fit` decides; later ones only for a channel that was constant
        until then.

    output : {"crf", "softmax"}, default="crf"
        How the tags of a row depend on each other: "crf" is a conditional random field (Lafferty et
        al. 2001; Huang et al. 2015), which learns which tag follows which, and predicts the best
        row of tags (Viterbi). "softmax" predicts each step by itself.

    scheme : {"BIO", "BIOES"} or None, default=None
        What tags mean. "BIO" (IOB2): a span is B-X, then I-X for its further steps, and O is
        outside. "BIOES": a span of several steps is B-X, I-X, E-X, and one of a single step S-X.
        With a scheme, illegal rows of tags are never predicted. Training rows may have them. None
        allows any tag after any other.

    word_dropout : float, default=0.1
        Token ids only. Fraction of the tokens that are replaced by the unknown word during
        training; their spellings stay. In [0, 1).

    embedding_dropout : float, default=0.3
        Token ids only. Fraction of the dimensions of embeddings dropped during training, the same
        ones at every step of a sequence. In [0, 1).

    recurrent_dropout : float, default=0.0
        Fraction of the state dropped between time steps during training. In [0, 1). Values above
        0 make training slow.

    dropout : float, default=0.5
        Fraction of each state dropped before the dense layer during training. In [0, 1).

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an optimizer, which is copied and not changed.

    learning_rate : float or keras LearningRateSchedule, default=0.002
        The learning rate. Ignored if `optimizer` is an object.

    learning_rate_decay : float or "auto", default="auto"
        The learning rate of epoch k is ``learning_rate / (1 + learning_rate_decay * k)``. Epochs
        are counted from 0, and the count continues through `partial_fit` and `warm_start`. "auto"
        is such that the learning rate is a quarter after the epochs of ``epochs="auto"``, and 0 in
        `partial_fit`. 0 keeps the learning rate constant. No effect if `learning_rate` is a
        schedule, if a callback sets the learning rate, or if `optimizer` is an object.

    global_clipnorm : float or None, default=1.0
        If the norm of all gradients together is larger than this, they are scaled down to it.
        None does not clip. Ignored if `optimizer` is an object.

    epochs : int or "auto", default="auto"
        Number of passes over the training rows; with early stopping, the maximum. "auto" is as many
        as make 1000 updates of the weights, and at least 8 for words and token ids, 20 for
        numeric sequences (fewer for more than 38,000 rows).

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

    scoring : callable or None, default="loss"
        What early stopping watches: the "loss" on the validation rows; or a score, by a callable
        ``scorer(estimator, X, y)`` such as ``skrnn.metrics.span_f1_scorer``, or, with None, by the
        method `score`. scikit-learn's scorers with names cannot read rows of different lengths.
        After each epoch, the estimator as it is then is scored on the validation rows. `history_`
        has the score as "val_score", also if `early_stopping` is off and `X_val` is given. A scorer
        that fails, or returns NaN, raises an error.

    validation_fraction : float, default=0.1
        Fraction of the training rows set aside for early stopping. In (0, 1).

    n_iter_no_change : int or "auto", default="auto"
        Number of epochs without improvement after which early stopping ends the training. "auto" is
        a tenth of the epochs of ``epochs="auto"``, and at least 2.

    tol : float, default=0.0
        Minimum decrease of the validation loss, or increase of the score, that counts as an
        improvement.

    warm_start : bool, default=False
        Whether `fit` continues from the weights, optimizer state and history of the previous
        fit. If True, pickles include the optimizer's state.

    checkpoint : path, skrnn.Checkpoint or None, default=None
        Folder for checkpoints, or a :class:`skrnn.Checkpoint` of a folder and an interval. After
        every epoch, and every ten minutes within an epoch, `fit` writes a
        file with weights, optimizer state, random state and history. The last two are kept. The
        same fit (parameters, data and seed), also in a later
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
    classes_ : ndarray of shape (n_classes,)
        The tags, sorted. Integers stay integers.
    transitions_ : ndarray of shape (n_classes, n_classes), float32, or None
        With ``output="crf"``, the network's learned score of a tag (column) directly after another
        (row), in the order of `classes_`; log-odds up to a constant. Otherwise None.
    text_ : skrnn.text.WordReader or None
        The words, spellings and columns that the tagger knows; None if X holds no words.
    n_features_in_ : int
        Number of columns of X in `fit`; the number of channels if X has three dimensions; the
        number of values at each step, 1 for words without columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all are strings.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, whose weights are kept; `n_iter_` without early stopping.
    history_ : dict of str to list of float
        One value for each epoch: "loss", the negative log-likelihood for each step in nats, and
        "accuracy", the share of steps with the right tag, of the network alone, on the training
        rows (running means over the epoch), and "val_loss" and "val_accuracy" if there are
        validation rows; their "val_score" unless `scoring` is "loss".
    vocabulary_size_ : int or None
        Number of token ids; None for numeric sequences.
    embedding_coverage_ : skrnn.embeddings.EmbeddingCoverage or None
        How much of the vocabulary, and of the running text, pretrained `embeddings` cover.
    surroundings_ : skrnn.chains.LinearChain or None
        The linear model of the words around each, beside the network, see `window`. None without,
        and if X holds no words.
    network_ : skrnn.network.fitted.FittedNetwork
        The trained network, which predicts without TensorFlow.
    head_ : skrnn.heads.base.Head
        How y becomes targets, and raw output becomes predictions.
    channels_ : skrnn.sequences.ChannelScaler or None
        How numeric sequences are scaled: `scaling` and, for each channel, `mean` and `scale`, the
        standard deviation (0 if it is constant). None for token ids.
    model_ : keras.Model
        The network as a Keras model: ``model_.summary()`` shows its layers. Loads TensorFlow.
        Changing its weights changes the predictions.

    See Also
    --------
    skrnn.metrics : F1 of spans, reports and scorers for rows of tags.
    skrnn.datasets.read_conll : Reads files of words and tags.
    skrnn.layers.CRF : The conditional random field as a layer of Keras.

    Notes
    -----
    X is one of

    - sentences: a list, object array, or column of pandas, polars or Arrow, of lists of words; or
      of lists of tuples (word, value, ...) with names beside each word, such as its part of speech.
      A value that `fit` has not seen is read as none. A sentence may be empty.
    - token ids: as for :class:`skrnn.RNNClassifier`, but every id has a tag: zeros at the end of a
      row of an array are padding, and others are an error.
    - numeric sequences: dense floats of shape (n_samples, n_timesteps) or (n_samples, n_timesteps,
      n_channels), or a list of such rows. NaN at the end of a row of an array is padding. Other
      steps that are missing have a tag too; they are read as the mean.

    The tagger is no :class:`sklearn.base.ClassifierMixin`: scikit-learn's tools would read rows of
    tags of different lengths as a problem of several labels, and refuse them. So folds are not
    stratified, and scorers by name, such as "accuracy", do not apply; :mod:`skrnn.metrics` has some
    that do. `cross_val_predict` works for `predict`; for `predict_proba` it encodes y as classes
    first, which cannot be done for rows of tags: loop over ``KFold().split(X)`` instead.

    Predictions are computed by Numba kernels and NumPy, or by NumPy alone if Numba is not
    installed. They need no TensorFlow. With Numba, the prediction for a row has the same bytes
    whatever the other rows, the size of the batch, the container of X or the thread.

    References
    ----------
    L. Bottou (2010). Large-scale machine learning with stochastic gradient descent. COMPSTAT.

    J. Lafferty, A. McCallum and F. Pereira (2001). Conditional random fields: probabilistic models
    for segmenting and labeling sequence data. ICML.

    T. Heskes (1998). Selecting weighting factors in logarithmic opinion pools. NIPS.

    Z. Huang, W. Xu and K. Yu (2015). Bidirectional LSTM-CRF models for sequence tagging.
    arXiv:1508.01991.

    Examples
    --------
    >>> from skrnn import RNNTagger
    >>> X = [["John", "lives", "in", "Paris"], ["Anna", "saw", "London"]] * 20
    >>> y = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O", "B-LOC"]] * 20
    >>> tagger = RNNTagger(units=8, scheme="BIO", random_state=0).fit(X, y)
    >>> tagger.predict([["Anna", "lives", "in", "London"]])[0].tolist()
    ['B-PER', 'O', 'O', 'B-LOC']
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's own way to declare them)
        **NETWORK,
        "text": [TextToSequence, None],
        "affixes": [tuple, list, None],
        "window": [Interval(Integral, 0, 5, closed="both"), None],
        "scaling": NUMERIC["scaling"],
        "output": [StrOptions(set(OUTPUTS))],
        "scheme": [StrOptions({"BIO", "BIOES"}), None],
        **REGULARIZATION,
        **{name: wanted for name, wanted in TRAINING.items() if name != "pretraining_epochs"},
        **STOPPING,
        "scoring": [StrOptions({"loss"}), callable, None],
        **RUNNING,
    }
    # A language model reads no spellings.
    pretraining_epochs = 0

    def __init__(
        self,
        cell="lstm",
        units=128,
        *,
        bidirectional=True,
        n_networks=1,
        embedding_dim=100,
        embeddings="corpus",
        trainable_embeddings=True,
        vocabulary_size=None,
        input="auto",
        text=None,
        affixes=(1, 4),
        window=2,
        scaling="auto",
        output="crf",
        scheme=None,
        word_dropout=0.1,
        embedding_dropout=0.3,
        recurrent_dropout=0.0,
        dropout=0.5,
        optimizer="adam",
        learning_rate=0.002,
        learning_rate_decay="auto",
        global_clipnorm=1.0,
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
        self.text = text
        self.affixes = affixes
        self.window = window
        self.scaling = scaling
        self.output = output
        self.scheme = scheme
        self.word_dropout = word_dropout
        self.embedding_dropout = embedding_dropout
        self.recurrent_dropout = recurrent_dropout
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.global_clipnorm = global_clipnorm
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

    def _validate_params(self):
        if isinstance(self.scoring, str) and self.scoring != "loss":
            raise InvalidInputError(
                f"scoring={self.scoring!r} of {type(self).__name__} is the name of a scorer of "
                "scikit-learn, none of which can read rows of tags of different lengths. Pass one "
                "of skrnn.metrics, such as skrnn.metrics.span_f1_scorer or token_accuracy_scorer; "
                "None is the accuracy, and 'loss' the loss."
            )
        super()._validate_params()

    def _check_y(self, y):
        return as_rows(*ragged_labels(y))

    def _make_head(self, y, classes):
        return TagsHead.fit(y, self, classes=classes)

    def _head_attributes(self, head):
        return {"classes_": head.classes}

    @property
    def transitions_(self):
        """The learned scores of neighbouring tags; see Attributes."""
        if not hasattr(self, "network_"):
            raise AttributeError(f"This {type(self).__name__} has no transitions_ before fit.")
        now = self.as_of_now()
        values = now.network_.activation_values
        return np.array(values[0]) if values else None

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, X_unlabeled=None):
        """Train the network.

        Parameters
        ----------
        X : list of list, or sequences
            Sentences, token ids or numeric sequences, see Notes of the class.
        y : list of list, object array, column of lists, or array of shape (n_samples, n_timesteps)
            A tag, str or int, for each step of each row.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows in the loss. Only their proportions count: they are
            divided by the mean of those that are not zero. Rows of weight 0 are ignored. Rows of
            `X_val` have weight 1.
        X_val, y_val : as X and y, default=None
            Validation rows, for early stopping and for the validation scores in `history_`.
        X_unlabeled : as X, default=None
            Rows without tags, used by ``embeddings="corpus"``.

        Returns
        -------
        self : estimator
            The fitted estimator. If an error is raised, the estimator is left unchanged. After
            Ctrl-C or divergence it keeps the last finished epoch, if any, and the error says so.

        Raises
        ------
        ValueError
            If parameters, sequences, tags or weights are not valid, or a row of y is longer or
            shorter than that of X. The message names the place. Also if loss or weights become NaN
            or infinite.
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
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_unlabeled=None):
        """Train for one more epoch on the given rows.

        Parameters
        ----------
        X : list of list, or sequences
            As in `fit`. The words, spellings and columns of the first call are the known ones.
        y : list of list
            As in `fit`. It may lack some of the tags.
        classes : array-like of shape (n_classes,), default=None
            All tags. Required in the first call if y lacks some.
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
            As in `fit`, and if y has a tag that is not among the classes of the first call.
        """
        return self._partial_fit(X, y, sample_weight, X_unlabeled, classes)

    def predict(self, X):
        """Return the tags of each row.

        Parameters
        ----------
        X : list of list, or sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) of object
            For each row an array of its tags, one for each step; empty for a row without steps.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences are not valid, or are not of the kind of those in `fit`.
        """
        return self._answer_steps(X, lambda head, *raw: head.classes[head.best_tags(*raw)])

    def predict_proba(self, X):
        """Return the probability of each tag at each step, given the whole row (marginals).

        With ``output="crf"``, the most probable tag of a step need not be that of the best row,
        which `predict` returns.

        Parameters
        ----------
        X : list of list, or sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) of object
            For each row an array of shape (n_timesteps, n_classes), float64, in the order of
            `classes_`. Each step sums to 1.

        Raises
        ------
        NotFittedError, ValueError
            As in `predict`.
        """
        return self._answer_steps(X, lambda head, *raw: head.probabilities(*raw))

    def score(self, X, y, sample_weight=None):
        """Return the accuracy of the tags: the share of steps with the right one.

        Parameters
        ----------
        X : list of list, or sequences
            As in `fit`.
        y : list of list
            As in `fit`. A tag that is not among `classes_` counts as wrong.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; each step has that of its row.

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences, tags or weights are not valid, as in `fit`.
        """
        y, sample_weight = self._to_score(X, y, sample_weight)
        found = self.predict(X)
        refuse_unequal_rows(row_ends(y), row_ends(found))
        return float(token_accuracy_score(y, found, sample_weight=sample_weight))

    def _answer_steps(self, X, decode):
        """Return what belongs to each row of ``decode(head, raw, offsets, chain)``."""
        now = self.as_of_now()
        sequences = now.read(X)  # which raises NotFittedError before fit
        network, offsets = now.network_, sequences.offsets
        raw = network.raw(now.for_network(sequences))
        chain = now.head_.chain(network.activation_values)
        if now.surroundings_ is not None:
            raw, chain = now.surroundings_.pooled(sequences.step_inputs[CONTEXTS], raw, chain)
        return as_rows(decode(now.head_, raw, offsets, chain), offsets)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags of this estimator."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        # Its checks pass a y of one number for each row, which has no tags of steps.
        tags.input_tags.two_d_array = False
        # Sparse input is token ids. scikit-learn's tag does not distinguish them from numbers.
        tags.input_tags.sparse = self.input == "numeric"
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
