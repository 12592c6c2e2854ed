"""Words that no training row has, but the pretrained vectors: their vectors reach predictions.

Praise and blame differ in the first number of their vectors, and half of the words of both are in
the test rows only, so a network without their vectors can only guess.
"""

import pickle

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skrnn import EpochSearchCV, RNNClassifier, RNNTagger, TextToSequence, load, save
from skrnn.embeddings import WordVectors

PRAISE = ["good", "great", "fine", "lovely", "superb", "clever", "moving", "brilliant"]
BLAME = ["bad", "awful", "dull", "clumsy", "boring", "sloppy", "dreadful", "horrible"]
THINGS = ["film", "plot", "cast", "music"]
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(scale=0.1, size=(20, 8))
NUMBERS[:8, 0], NUMBERS[8:16, 0] = 1, -1
VECTORS = WordVectors([*PRAISE, *BLAME, *THINGS], NUMBERS)


def rows(n, part, seed):
    """Return texts of the words in a part of the lists, and their labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    texts = [
        f"the {rng.choice(THINGS)} is {rng.choice((BLAME, PRAISE)[label][part])}" for label in y
    ]
    return texts, y


TRAINING, LABELS = rows(200, slice(0, 4), 0)
FRESH, FRESH_LABELS = rows(200, slice(4, 8), 1)


def pipeline(extra_words=VECTORS, embeddings=VECTORS, **parameters):
    given = {
        "cell": "gru", "units": 8, "bidirectional": False, "ngram_range": None, "dropout": 0.0,
        "embedding_dropout": 0.0, "word_dropout": 0.0, "learning_rate": 0.02, "epochs": 6,
        "random_state": 0,
    }  # fmt: skip
    network = RNNClassifier(embeddings=embeddings, **given | parameters)
    return make_pipeline(TextToSequence(extra_words=extra_words), network)


def table(estimator):
    """Return the trained vectors of all ids."""
    network = estimator.network_
    names = [variable.name for variable in network.description.variables()]
    return network.values[names.index("embedding")]


@pytest.fixture(scope="module")
def trained():
    return pipeline().fit(TRAINING, LABELS)


def test_predictions_read_their_vectors(trained):
    """Fails if an unseen word has a random vector, or that of the unknown word."""
    assert trained.score(FRESH, FRESH_LABELS) > 0.95
    without = pipeline(extra_words=None).fit(TRAINING, LABELS)
    assert without.score(FRESH, FRESH_LABELS) < 0.7
    coverage = trained[-1].embedding_coverage_
    assert coverage.n_found == 20 and coverage.n_words == 22  # without "the" and "is"


def test_untrained_rows_stay(trained):
    """Fails if training moves words that it does not see, or none of the others."""
    vectors, ids = table(trained[-1]), trained[0].vocabulary_
    for word in PRAISE[4:] + BLAME[4:]:
        np.testing.assert_array_equal(vectors[ids[word]], VECTORS[word])
    seen = [word for word in PRAISE[:4] + BLAME[:4]]
    assert all((vectors[ids[word]] != VECTORS[word]).any() for word in seen)


def test_frozen_rows_stay():
    """Fails if trainable_embeddings=False leaves out words, or trains some."""
    frozen = pipeline(trainable_embeddings=False).fit(TRAINING, LABELS)
    vectors, ids = table(frozen[-1]), frozen[0].vocabulary_
    for word in VECTORS:
        np.testing.assert_array_equal(vectors[ids[word]], VECTORS[word])
    assert frozen.score(FRESH, FRESH_LABELS) > 0.95


def test_words_of_neither_are_unknown():
    """Fails if a word that neither rows nor vectors have gets a meaning at random."""
    pipe = pipeline(extra_words=["superb", "zyzzy", "xyzzy"], epochs=1, learning_rate=1e-9)
    vectors, ids = table(pipe.fit(TRAINING, LABELS)[-1]), pipe[0].vocabulary_
    np.testing.assert_allclose(vectors[ids["zyzzy"]], vectors[1], atol=1e-6)
    np.testing.assert_array_equal(vectors[ids["zyzzy"]], vectors[ids["xyzzy"]])
    assert abs(vectors[ids["the"]] - vectors[1]).max() > 1e-3  # seen: a meaning to learn
    told = pipe.predict_proba(["the film is zyzzy", "the film is xyzzy"])
    np.testing.assert_array_equal(told[0], told[1])


def test_pickles_and_files(trained, tmp_path):
    """Fails if a stored pipeline forgets the words, or cannot be stored."""
    wanted = trained.predict_proba(FRESH)
    again = pickle.loads(pickle.dumps(trained))
    np.testing.assert_array_equal(again.predict_proba(FRESH), wanted)
    assert again[0].extra_words == VECTORS
    with pytest.raises(TypeError, match=r"extra_words=.*call set_params\(extra_words=None\)"):
        save(trained, tmp_path / "a.skrnn")
    again.set_params(texttosequence__extra_words=None, rnnclassifier__embeddings=None)
    save(again, tmp_path / "a.skrnn")
    loaded = load(tmp_path / "a.skrnn")
    np.testing.assert_array_equal(loaded.predict_proba(FRESH), wanted)
    assert "superb" in loaded[0].vocabulary_
    # A list of words is stored as it is; a dict of vectors is not.
    again.set_params(texttosequence__extra_words=PRAISE)
    save(again, tmp_path / "b.skrnn")
    assert load(tmp_path / "b.skrnn")[0].extra_words == PRAISE
    again.set_params(texttosequence__extra_words={"superb": [1.0]})
    with pytest.raises(TypeError, match="a dict of vectors"):
        save(again, tmp_path / "c.skrnn")


@pytest.mark.slow
def test_in_a_search():
    """Fails if clones, folds or candidates of a search lose the words or their vectors."""
    search = EpochSearchCV(pipeline(), {"rnnclassifier__learning_rate": [0.02, 1e-6]}, cv=2)
    search.fit(TRAINING, LABELS)
    assert search.best_estimator_[0].extra_words is VECTORS
    assert search.score(FRESH, FRESH_LABELS) > 0.9


@pytest.mark.slow
def test_tagger():
    """Fails if the words of a tagger that only the vectors have are unknown, or change."""
    X = [text.split() for text in TRAINING]
    y = [["O", "O", "O", "PN"[label]] for label in LABELS]
    tagger = RNNTagger(
        units=8, embeddings=VECTORS, affixes=None, epochs=6, learning_rate=0.02, random_state=0,
        text=TextToSequence(max_features=None, extra_words=VECTORS),
    )  # fmt: skip
    tagger.fit(X, y)
    ids = tagger.text_.vocabulary_
    np.testing.assert_array_equal(table(tagger)[ids["superb"]], VECTORS["superb"])
    fresh = [text.split() for text in FRESH]
    last = np.array([row[-1] for row in tagger.predict(fresh)])
    assert np.mean(last == np.where(FRESH_LABELS, "N", "P")) > 0.95
