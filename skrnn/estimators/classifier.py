"""The classifier: its parameters, their documentation, and its predictions."""

from sklearn.base import ClassifierMixin

from skrnn._sklearn_compat import _fit_context
from skrnn.estimators.base import NetworkEstimator
from skrnn.estimators.extra_losses import WithExtraLosses
from skrnn.estimators.parameters import (
    CLASSES,
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
from skrnn.exceptions import InvalidInputError
from skrnn.heads.classes import ClassesHead
from skrnn.heads.labels import LabelsHead
from skrnn.heads.targets import check_targets


class RNNClassifier(ClassifierMixin, WithExtraLosses, NetworkEstimator):
    """Classify sequences with a recurrent neural network.

    The network reads a sequence step by step (tokens of a text through an embedding, numeric
    channels as they are), pools the states of its recurrent layer over time, and computes the
    probability of each class, or of each label of a multilabel target. By default, on token ids,
    a linear n-gram model is fitted beside the network and its score is added to the network's
    output (see `ngram_range`).

    The network is trained by mini-batch gradient descent on the cross-entropy. A batch holds
    sequences of similar length.

    Each parameter applies to token ids and to numeric sequences, unless its description begins
    with "Token ids only" or "Numeric sequences only". The parameters are in groups, in this order:

    - network: `cell` to `n_kernels`;
    - regularization: `word_dropout` to `extra_losses`;
    - training: `optimizer` to `self_training_rounds`;
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
        Token ids only. Adds a linear model of the n-grams of these lengths, weighted as in NB-SVM
        (Wang & Manning 2012). It is fitted before the network. At each token, the network reads
        the sum of the weights of the n-grams that end there, one sum for each of up to 16 classes
        or labels. The score of the n-gram model is multiplied by a learned weight and added to the
        network's output ("wide and deep", Cheng et al. 2016). During training, the n-gram scores
        are cross-fitted, as in stacking, so that the network learns how far to trust them. With
        short texts, it is the mean of two models, one of which also counts the pieces of words, of
        2 to 5 characters, as fastText does (Bojanowski et al. 2017), if that has the smaller
        log-loss on the rows held out there. This needs the words of the ids, which sparse output
        of `TextToSequence` has. None turns the n-gram model off. No effect if training starts with
        `partial_fit`, which never sees all rows.

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
        Token ids only. Losses that are added to the cross-entropy: one of
        :class:`skrnn.AdversarialLoss`, :class:`skrnn.VirtualAdversarialLoss` and
        :class:`skrnn.EntropyLoss`, or several in a list, each with a name. A search reaches the
        parameters of a single loss as ``extra_losses__epsilon``, and those of a loss in a list as
        ``name__epsilon``, as in :class:`sklearn.pipeline.FeatureUnion`. Not supported in
        `fit_chunks`.

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

    class_weight : dict, list of float or dict, "balanced" or None, default=None
        Weight of each class in the loss, as ``{label: weight}``, or inversely proportional to
        the class frequencies. Multiplied with `sample_weight`. Only the proportions count.
        `partial_fit` and `fit_chunks` do not accept "balanced".

        With a multilabel target, the term of each label in the loss has a weight: "balanced"
        weights its zeros and ones inversely to their frequencies. A list, or a dict by label, has
        a number for each label, or a dict ``{0: weight, 1: weight}``.

    thresholds : float, array-like of shape (n_labels,), "auto" or None, default=None
        For a multilabel target only: `predict` returns the labels whose probability is above
        their threshold, a number in [0, 1]. None is 0.5. "auto" learns for each label the
        threshold with the highest F1 score on held-out rows: `X_val` and `y_val` if given, and
        otherwise a random part of the training rows (`validation_fraction`; with early stopping,
        the same part). A label with fewer than five positive held-out rows gets the threshold that
        is the best for all such labels together, a label without any gets 0.5. `partial_fit`
        cannot learn them.

    calibrate : bool or "auto", default="auto"
        Whether to correct the probabilities by rows that a first training has not seen: a fifth of
        the rows, stratified. A network that has read few texts often predicts new ones well, but
        with probabilities too near to 0 and 1. The network is then trained on all rows; its
        logits are scaled (temperature scaling, Guo et al. 2017), and the n-gram model's own scores
        are added (a logarithmic opinion pool, Heskes 1998), with the two factors that have the
        smallest cross-entropy on the rows held out, see `calibration_`. This takes nearly twice the
        time. With fewer than 996 rows, other fifths are held out in turn, up to four, until 200
        rows have been: less evidence is mostly chance. "auto" does so for 200 to 10,000 rows of
        token ids, if `epochs` is "auto" and `early_stopping` False. With True, `EpochSearchCV` is
        refused, since the factors belong to one number of epochs. Numeric sequences, `partial_fit`
        and `fit_chunks` have no calibration.

    self_training_rounds : int, default=0
        Number of times that a network teaches the next one. The teacher, with the same parameters,
        is trained on the labeled rows. Its probabilities for `X_unlabeled` are the targets of
        a new network, the student, which is trained on all rows together ("noisy student", Xie et
        al. 2020, with the soft targets of Hinton et al. 2015), and may be the next teacher. For
        texts, a logistic regression on vectors of all documents, by which they predict their
        n-grams (Li et al. 2016), has a share in the teacher's answers. It knows words that few
        labeled rows have. The share follows from the labeled rows, by cross-fitting. The n-gram
        model of the student is fitted on all rows too, each of `X_unlabeled` with its likeliest
        class, weighted by the difference of the two largest probabilities. Teachers are
        calibrated (`calibrate`), and their students learn that. If early stopping, without
        `X_val`, sets rows aside, the teachers do not see them. Each network has its own
        checkpoints; without a `random_state`, a teacher that was interrupted begins anew. Not for
        multilabel targets, nor in `EpochSearchCV`. No effect in `partial_fit`, nor if `warm_start`
        continues a training.

    early_stopping : bool, default=False
        Whether to stop when the loss on validation rows, or their score (`scoring`), has not
        improved for `n_iter_no_change` epochs, and to keep the weights of the best epoch. The
        validation rows are `X_val` and `y_val` of `fit` if given, and a stratified random part of
        the training rows otherwise. If that part would have fewer than ten rows, or fewer than one
        of each class, `fit` warns, and trains for all epochs on all rows.

    scoring : str, callable or None, default="loss"
        What early stopping watches, as in
        :class:`sklearn.ensemble.HistGradientBoostingClassifier`: the "loss" on the validation rows;
        or a score, by the name of a scorer of scikit-learn, such as "f1_macro", by a callable
        ``scorer(estimator, X, y)``, or, with None, by the method `score`. After each epoch, the
        estimator as it is then is scored on the validation rows, with their `sample_weight` if
        they are a part of the training rows and the scorer takes weights. `history_` has the
        score as "val_score", also if `early_stopping` is off and `X_val` is given. A scorer that
        fails, or returns NaN, raises an error.

    validation_fraction : float, default=0.1
        Fraction of the training rows set aside for early stopping and for
        ``thresholds="auto"``. In (0, 1).

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
    classes_ : ndarray of shape (n_classes,)
        The class labels. For a multilabel target, the names of the columns if y is a data frame,
        otherwise their numbers.
    thresholds_ : ndarray of shape (n_labels,), or None
        The probability above which `predict` returns each label of a multilabel target.
    calibration_ : skrnn.estimators.calibrating.Calibration or None
        The `scale` of the logits and the `share` of the n-gram model's scores (log-odds), which are
        part of the last layer's weights already. None without calibration, and as soon as training
        has gone on.
    n_features_in_ : int
        Number of columns of X in `fit`; the number of channels if X has three dimensions.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names of X, if all are strings.
    n_iter_ : int
        Number of epochs trained.
    best_epoch_ : int
        The epoch, counted from 1, whose weights are kept; `n_iter_` without early stopping.
    history_ : dict of str to list of float
        One value for each epoch: "loss" and "accuracy" on the training rows (running means over
        the epoch), and "val_loss" and "val_accuracy" if there are validation rows; their
        "val_score" unless `scoring` is "loss". Additional losses in use are not part of "loss".
        They are in "adversarial_loss", "virtual_adversarial_loss" and, without its weight,
        "entropy".
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
        How labels become targets, and raw output becomes predictions.
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
        **NETWORK,
        **NUMERIC,
        **POOLING,
        **NGRAMS,
        **CONVOLUTIONS,
        **REGULARIZATION,
        **EXTRA_LOSSES,
        **TRAINING,
        **CLASSES,
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
        optimizer="adam",
        learning_rate=0.002,
        learning_rate_decay="auto",
        global_clipnorm=1.0,
        pretraining_epochs=0,
        epochs="auto",
        batch_size="auto",
        class_weight=None,
        thresholds=None,
        calibrate="auto",
        self_training_rounds=0,
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
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.global_clipnorm = global_clipnorm
        self.pretraining_epochs = pretraining_epochs
        self.epochs = epochs
        self.batch_size = batch_size
        self.class_weight = class_weight
        self.thresholds = thresholds
        self.calibrate = calibrate
        self.self_training_rounds = self_training_rounds
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
        return check_targets(y, self)

    def _make_head(self, y, classes):
        head = LabelsHead if y.ndim == 2 else ClassesHead
        return head.fit(y, self, classes=classes)

    def _head_attributes(self, head):
        is_multilabel = isinstance(head, LabelsHead)
        return {
            "classes_": head.classes,
            "thresholds_": head.used_thresholds if is_multilabel else None,
        }

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, X_unlabeled=None):
        """Train the network.

        Parameters
        ----------
        X : sparse array or array-like of shape (n_samples, n_timesteps[, n_channels]), or list
            Token ids or numeric sequences, see Notes of the class.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels of any type, or a multilabel indicator. The columns of a data frame name
            the labels; later data frames (`y_val`, `partial_fit`) must have the same columns. An
            indicator with exactly one 1 in every row warns, because it may be one-hot.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights of the rows in the loss. Only their proportions count: multiplied
            by `class_weight`, they are divided by the mean of those that are not zero. Rows of
            weight 0 are ignored. Rows of `X_val` have weight 1.
        X_val, y_val : as X and y, default=None
            Validation rows, for early stopping and for the validation scores in `history_`.
        X_unlabeled : as X, default=None
            Rows without labels, used by self-training and, if they are token ids, by
            ``embeddings="corpus"``, by pretraining, and by the losses that need no labels: each
            batch of labeled rows is paired with a batch of these.

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
        """
        return super().fit(X, y, sample_weight, X_val, y_val, X_unlabeled)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None, X_unlabeled=None):
        """Train for one more epoch on the given rows.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            As in `fit`. It may lack some of the classes.
        classes : array-like of shape (n_classes,), default=None
            All classes. Required in the first call if y lacks some. For a multilabel target, the
            labels in the order of the columns.
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
            As in `fit`, and if `class_weight` is "balanced" or `thresholds` is "auto", or X has ids
            of another vocabulary than the first call.
        """
        self._refuse_balanced("partial_fit")
        if isinstance(self.thresholds, str):
            raise InvalidInputError(
                f"thresholds={self.thresholds!r} is not supported in partial_fit, which has no "
                "held-out rows to learn them from. Pass an array, for example the thresholds_ of "
                "an earlier fit."
            )
        return self._partial_fit(X, y, sample_weight, X_unlabeled, classes)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_chunks(self, chunks, classes=None, X_val=None, y_val=None):
        """Train on more rows than fit into memory, given in chunks.

        Parameters
        ----------
        chunks : iterable of tuple (X, y) or (X, y, sample_weight)
            Each part is as in `fit`; weights are divided by the mean of the first chunk. The first
            chunk stays in memory, together with the current chunk and the one that is being read.
            `chunks` is iterated over once in each epoch, so pass a list, or an object whose
            ``__iter__`` reads the files again. A generator works with ``epochs=1``. A batch holds
            rows of a single chunk, and rows are shuffled within their chunk, so each chunk should
            be a mixture of all kinds of rows.
        classes : array-like of shape (n_classes,), default=None
            All classes. Required if the first chunk lacks some.
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
            As in `fit`, and if `class_weight` is "balanced", or `thresholds` is "auto" without
            `X_val`. For errors in a chunk, the message has its number, counted from 0.

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
                f"class_weight='balanced' is not supported in {method}, which sees only a part of "
                "the rows at a time. Pass the weights of all classes as a dict, from "
                "sklearn.utils.class_weight.compute_class_weight('balanced', ...); for several "
                "labels, a dict {0: weight, 1: weight} for each of them."
            )

    def decision_function(self, X):
        """Return the output before the last activation: log-odds or logits.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) for two classes, else (n_samples, n_classes)
            Log-odds of ``classes_[1]``, or of each label; unnormalized log-probabilities if there
            are more than two classes. float32.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences are not valid, have ids of another vocabulary, or lack numeric columns of
            `fit`.
        """
        return self._answer(X, lambda head, raw: head.decision(raw))

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float64
            Columns in the order of `classes_`. For a multilabel target, the probability of each
            label.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If sequences are not valid, have ids of another vocabulary, or lack numeric columns of
            `fit`.
        """
        return self._answer(X, lambda head, raw: head.probabilities(raw))

    def predict(self, X):
        """Return the most probable class, or the labels with a probability above `thresholds_`.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), or an indicator (n_samples, n_labels) of int64

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
        """Return the accuracy: the share of rows whose class, or whose labels, are all right.

        Parameters
        ----------
        X : sparse array or array-like, or list
            As in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            As in `fit`. The columns of a data frame must be the labels of `fit`, in their order.
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
            If sequences, labels or weights are not valid, as in `fit`.
        """
        y, sample_weight = self._to_score(X, y, sample_weight)
        return super().score(X, y, sample_weight)

    def __sklearn_tags__(self):
        """Return scikit-learn's tags of this estimator."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        # Sparse input is token ids. scikit-learn's tag does not distinguish them from numbers.
        tags.input_tags.sparse = self.input == "numeric"
        tags.input_tags.three_d_array = True
        return tags
