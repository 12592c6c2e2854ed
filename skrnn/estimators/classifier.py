"""The classifier: its parameters, their documentation, and its answers."""

from sklearn.base import ClassifierMixin

from skrnn._sklearn_compat import StrOptions, _fit_context
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.parameters import EXTRA_LOSSES, NGRAMS, POOLING, SHARED
from skrnn.exceptions import InvalidInputError
from skrnn.heads.classes import ClassesHead
from skrnn.heads.labels import LabelsHead
from skrnn.heads.targets import check_targets


class RNNClassifier(ClassifierMixin, NetworkEstimator):
    """Classify sequences with a recurrent neural network.

    The network reads a sequence step by step (tokens of a text through an embedding, numeric
    channels as they are), pools the states of its recurrent layer over time, and gives the
    probability of each class, or of each label of a multilabel target. It is trained by
    mini-batch gradient descent on the cross-entropy, batches being made of sequences of
    similar length.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}, default="lstm"
        The recurrent layer: simple (Elman 1990), long short-term memory (Hochreiter &
        Schmidhuber 1997) or gated recurrent unit (Cho et al. 2014), as in Keras.

    units : int or tuple of int, default=64
        Width of the recurrent layer, or of each layer of a stack, first to last.

    bidirectional : bool, default=True
        Whether each layer also reads from the end.

    embedding_dim : int, default=128
        Width of the token embedding; no effect on numeric sequences, nor with pretrained
        `embeddings`, which have a width.

    embeddings : "corpus", path, mapping, ndarray or None, default="corpus"
        What the token embedding starts from:

        - "corpus": vectors made of the training rows themselves and of `X_unlabeled`, in
          seconds, see :func:`skrnn.embeddings.corpus_embeddings`; where `partial_fit` starts,
          which never sees all rows, it is as None;
        - pretrained vectors: the path of a GloVe, word2vec or fastText file, or a mapping of
          words to vectors, see :func:`skrnn.embeddings.read_embeddings`. X has to come from
          :class:`skrnn.TextToSequence`, which tells its words;
        - an array of shape (vocabulary_size, n_dims), row i for the id i;
        - None: small random numbers.

        No effect on numeric sequences.

    trainable_embeddings : bool, default=True
        Whether training changes the token embedding.

    pooling : {"last", "max", "mean", "attention"}, default="max"
        How the states of all time steps become one vector: the state after the last step, the
        maximum or mean over the steps, or a mean weighted by a learned attention.

    ngram_range : tuple (min_n, max_n) or None, default=(1, 3)
        Adds a linear model of the n-grams of token ids, of these lengths, weighed as in NB-SVM
        (Wang & Manning 2012). It is fitted first. With each token the network then reads the
        sum of the weights of the n-grams that end there, one for each of up to 16 classes or
        labels, and the model's score is added to the network's answer by a learned weight ("wide
        and deep", Cheng et al. 2016). In training both are cross-fitted, so that the network
        learns what the n-grams leave open. None leaves it out; no effect on numeric sequences,
        nor where `partial_fit` starts, which never sees all rows.

    word_dropout : float, default=0.1
        Share of the tokens read as the unknown word in training. In [0, 1). No effect on numeric
        sequences.

    embedding_dropout : float, default=0.3
        Share of the embedding's dimensions dropped in training, the same ones at every step of a
        sequence. In [0, 1). No effect on numeric sequences.

    recurrent_dropout : float, default=0.0
        Share of the state dropped on its way to the next step. In [0, 1). Slow.

    dropout : float, default=0.5
        Share of the pooled vector dropped before the dense layer. In [0, 1).

    adversarial_epsilon : float, default=0.0
        Norm of the perturbation of a text's embedding under which the network shall still know
        the label: over 0, the loss on labelled rows so perturbed is added (adversarial training,
        Miyato et al. 2017, who take 5). Norms are those of embeddings with variance 1, over the
        whole text. For token ids only, as the next two.

    virtual_adversarial_epsilon : float, default=0.0
        Norm of the perturbation under which the network shall stay with its answer: over 0, the
        Kullback-Leibler divergence between the answers, on rows of X and of `X_unlabeled`, is
        added (virtual adversarial training, ibid., who take 5).

    entropy_weight : float, default=0.0
        Weight in the loss of the entropy of the answers for `X_unlabeled` (Sachan et al. 2019,
        who take 1).

    optimizer : str or keras.optimizers.Optimizer, default="adam"
        Name of a Keras optimizer, or an optimizer, which is used as a pattern and left as it is.

    learning_rate : float or keras LearningRateSchedule, default=0.002
        Step size, for an optimizer given by name.

    learning_rate_decay : float or "auto", default="auto"
        The step size of epoch k, counted from 0 and on through `partial_fit` and `warm_start`, is
        ``learning_rate / (1 + learning_rate_decay * k)``. "auto" is 1 for token ids, and 0 for
        numeric sequences. For long training on clean texts, or on an endless stream, use less; 0
        keeps it constant. No effect where `learning_rate` is a schedule, a callback sets the
        step size, or `optimizer` is an object.

    global_clipnorm : float or None, default=1.0
        Gradients are scaled down together where their norm is over this; for an optimizer given
        by name. None does not clip.

    pretraining_epochs : int, default=0
        Passes over the training rows and `X_unlabeled` by which the embedding and the recurrent
        layers first learn to tell the next token (Dai & Le 2015), and those that read backwards
        the one before; of a bidirectional stack, only the first layer. With the settings of
        `optimizer`, without dropout but the recurrent one. For token ids only; no effect in
        `partial_fit`, nor where `warm_start` goes on.

    epochs : int, default=5
        Passes over the training rows; with early stopping, at most so many.

    batch_size : int or "auto", default="auto"
        Rows an update of the weights. "auto" takes the power of two from 8 to 128 that is
        nearest to a two-hundredth of the training rows, so that few rows make enough updates.
        Has no influence on predictions.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss, as ``{label: weight}``, or inversely proportional to
        the classes' frequencies. Multiplied with `sample_weight`.

    early_stopping : bool, default=False
        Whether to stop when the loss on validation rows has not improved for `n_iter_no_change`
        epochs, and to keep the weights of the best epoch. The validation rows are a stratified
        random part of the training rows, or `X_val` and `y_val` of `fit`. Where that part would
        be less than ten rows, or less than one of each class, a warning says so, and training
        takes all epochs on all rows.

    validation_fraction : float, default=0.1
        Share of the training rows set aside for early stopping. In (0, 1).

    n_iter_no_change : int, default=2
        Epochs without improvement before early stopping.

    tol : float, default=0.0
        What counts as improvement of the validation loss.

    warm_start : bool, default=False
        Whether `fit` goes on from the weights, optimizer and history of the fit before. Pickles
        then keep the optimizer's state.

    checkpoint : path or None, default=None
        A folder in which `fit` keeps what it has reached: after every epoch, of pretraining too,
        a file with weights, optimizer, random state and history, of which the last two are kept.
        The same fit (parameters, data, seed; of `fit_chunks` the first chunk) goes on there, in a
        later process too, and ends with the same bytes as if it had never stopped; where it had
        ended, it has nothing left to train. A fit of more epochs goes on from one of fewer, unless
        callbacks may look ahead or remember. Every other fit has a folder of its own inside.
        :func:`skrnn.load` reads a file as a model. No effect in `partial_fit`.

    checkpoint_minutes : float or None, default=10.0
        A checkpoint is also written within an epoch, whenever the last one is older than this.

    callbacks : list of keras.callbacks.Callback, or None, default=None
        Keras callbacks run in `fit`. For scikit-learn's own, such as
        :class:`sklearn.callback.ProgressBar`, see `set_callbacks`.

    verbose : int, default=0
        0 is silent. 1 shows a line with epoch, losses, scores and the time left, which is
        rewritten in terminals and notebooks; where it cannot be, as in a log, it is a line an
        epoch. 2 always writes a line an epoch. Fits that a search compares are silent.

    random_state : int, RandomState instance or None, default=None
        Seeds weights, dropout, the order of rows and the validation part. The same int gives
        the same model, bit for bit, on the same machine and versions.

    input : {"auto", "tokens", "numeric"}, default="auto"
        What X holds. "auto" goes by dtype: integers are token ids, floats are numeric sequences.

    vocabulary_size : int or None, default=None
        Number of token ids, 0 (padding) and 1 (unknown) included; ids from there on are errors.
        None takes the size that the output of :class:`skrnn.TextToSequence` declares, and for
        other input the largest id seen in `fit`, plus one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; the columns' numbers for a multilabel target.
    n_features_in_ : int
        Columns of X in `fit`; the channels where X has three dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, where all are strings.
    n_iter_ : int
        Epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, whose weights are kept; `n_iter_` without early stopping.
    history_ : dict of str to list of float
        For each epoch "loss" and "accuracy" on the training rows (running means over the
        epoch), and "val_loss" and "val_accuracy" where there are validation rows. The further
        losses that are on are not in "loss", but are "adversarial_loss",
        "virtual_adversarial_loss" and, without its weight, "entropy".
    pretraining_history_ : dict of str to list of float
        For each epoch of pretraining the "loss" of the language model, in nats a token. Where
        the vocabulary has more than 512 words it is that of a sampled softmax (Jean et al.
        2015), lower than the full one's.
    vocabulary_size_ : int or None
        Number of token ids; None for numeric sequences.
    embedding_coverage_ : skrnn.embeddings.EmbeddingCoverage or None
        How much of the vocabulary, and of the running text, pretrained `embeddings` know.
    network_ : skrnn.network.fitted.FittedNetwork
        The network as a value, which predicts without TensorFlow.
    head_ : skrnn.heads.base.Head
        How labels become targets, and raw output becomes an answer.
    ngrams_ : skrnn.ngrams.NgramModel or None
        The linear model of n-grams beside the network.
    model_ : keras.Model
        The network: ``model_.summary()`` shows its layers. Changing its weights changes the
        predictions.

    See Also
    --------
    skrnn.TextToSequence : From documents to token ids.
    skrnn.build_network : The network as a plain Keras model.

    Notes
    -----
    X is one of

    - token ids: a SciPy sparse array as :class:`skrnn.TextToSequence` makes it, a dense integer
      array of shape (n_samples, n_timesteps), or a list of lists of ids. Zeros are padding and
      are dropped wherever they stand; the width need not be that of `fit`. A row without ids,
      or only with id 1 (unknown), is the empty sequence.
    - numeric sequences: dense floats of shape (n_samples, n_timesteps) or (n_samples, n_timesteps,
      n_channels), or a list of such rows. Steps that are NaN at the end are padding. A sequence
      without steps is read as one step of zeros.

    All containers of the same sequences give the same predictions, which depend neither on the
    other rows nor on padding beyond the rounding of float32 sums.

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, make_reviews
    >>> from sklearn.pipeline import make_pipeline
    >>> reviews, labels = make_reviews(200, random_state=0)
    >>> pipe = make_pipeline(TextToSequence(), RNNClassifier(units=8, epochs=2, random_state=0))
    >>> pipe.fit(reviews, labels).predict_proba(["Not bad at all, I loved it"]).shape
    (1, 2)
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's own way to declare them)
        **SHARED,
        **POOLING,
        **NGRAMS,
        **EXTRA_LOSSES,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        cell="lstm",
        units=64,
        *,
        bidirectional=True,
        embedding_dim=128,
        embeddings="corpus",
        trainable_embeddings=True,
        pooling="max",
        ngram_range=(1, 3),
        word_dropout=0.1,
        embedding_dropout=0.3,
        recurrent_dropout=0.0,
        dropout=0.5,
        adversarial_epsilon=0.0,
        virtual_adversarial_epsilon=0.0,
        entropy_weight=0.0,
        optimizer="adam",
        learning_rate=0.002,
        learning_rate_decay="auto",
        global_clipnorm=1.0,
        pretraining_epochs=0,
        epochs=5,
        batch_size="auto",
        class_weight=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=2,
        tol=0.0,
        warm_start=False,
        checkpoint=None,
        checkpoint_minutes=10.0,
        callbacks=None,
        verbose=0,
        random_state=None,
        input="auto",
        vocabulary_size=None,
    ):
        self.cell = cell
        self.units = units
        self.bidirectional = bidirectional
        self.embedding_dim = embedding_dim
        self.embeddings = embeddings
        self.trainable_embeddings = trainable_embeddings
        self.pooling = pooling
        self.ngram_range = ngram_range
        self.word_dropout = word_dropout
        self.embedding_dropout = embedding_dropout
        self.recurrent_dropout = recurrent_dropout
        self.dropout = dropout
        self.adversarial_epsilon = adversarial_epsilon
        self.virtual_adversarial_epsilon = virtual_adversarial_epsilon
        self.entropy_weight = entropy_weight
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.global_clipnorm = global_clipnorm
        self.pretraining_epochs = pretraining_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.checkpoint = checkpoint
        self.checkpoint_minutes = checkpoint_minutes
        self.callbacks = callbacks
        self.verbose = verbose
        self.random_state = random_state
        self.input = input
        self.vocabulary_size = vocabulary_size

    def _check_y(self, y):
        return check_targets(y, self)

    def _make_head(self, y, classes):
        head = LabelsHead if y.ndim == 2 else ClassesHead
        return head.fit(y, self, classes=classes)

    def _head_attributes(self, head):
        return {"classes_": head.classes}

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
        return super().fit(X, y, sample_weight, X_val, y_val, X_unlabeled)

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
        return self._partial_fit(X, y, sample_weight, X_unlabeled, classes)

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
        return self._fit_chunks(chunks, X_val, y_val, classes)

    def _refuse_balanced(self, method):
        if self.class_weight == "balanced":
            raise InvalidInputError(
                f"class_weight='balanced' is not supported in {method}, which sees a part of "
                "the rows at a time. Give the weights of all classes as a dict, from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', ...)."
            )

    def decision_function(self, X):
        """Return the network's output before the last activation.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Log-odds of ``classes_[1]``, or of each label; unnormalised log-probabilities for
            several classes. float32.
        """
        raw = self._raw(X)
        return self.head_.decision(raw)

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Columns in the order of `classes_`; each label's own probability if multilabel.
        """
        raw = self._raw(X)
        return self.head_.probabilities(raw)

    def predict(self, X):
        """Return the most probable class, or the labels more probable than not.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), or an indicator (n_samples, n_labels) of int64
        """
        raw = self._raw(X)
        return self.head_.predict(raw)

    def __sklearn_tags__(self):
        """Say what scikit-learn may expect."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        # Sparse input is token ids, which scikit-learn's tag does not tell from sparse numbers.
        tags.input_tags.sparse = self.input == "numeric"
        tags.input_tags.three_d_array = True
        # allow_nan stays False: NaN is padding after a sequence's end, and an error elsewhere.
        return tags
