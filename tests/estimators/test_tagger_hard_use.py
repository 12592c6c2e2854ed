"""RNNTagger in the hands of users who pass it anything: no wrong answer, no half-changed object."""

import enum
import warnings

import numpy as np
import pyarrow
import pytest
from sklearn.base import clone

import skrnn
from skrnn import RNNTagger, TextToSequence
from skrnn.chains.linear import LinearChain
from skrnn.chains.plain_descent import descend
from skrnn.exceptions import InvalidFileError
from skrnn.fileformat import container
from skrnn.text.characters import MAX_MARKS, STRIP_ACCENTS
from skrnn.text.word_reader import WordReader

X = [["Anna", "lives", "here"], ["we", "saw", "Paul"]] * 6
Y = [["B-PER", "O", "O"], ["O", "O", "B-PER"]] * 6
SMALL = {"units": 4, "embedding_dim": 4, "epochs": 1, "random_state": 0}


@pytest.fixture(scope="module")
def tagger():
    return RNNTagger(**SMALL).fit(X, Y)


def equal(a, b):
    """Whether two object arrays of arrays have the same bytes."""
    return all(one.tobytes() == two.tobytes() for one, two in zip(a, b, strict=True))


# --- Containers ---


class Name(enum.StrEnum):
    """Words and tags that are an enumeration."""

    ANNA = "Anna"
    PERSON = "B-PER"


class Old(str, enum.Enum):  # noqa: UP042 (its str is "Old.ANNA", which is the trap)
    """The same, as before Python 3.11."""

    ANNA = "Anna"
    PERSON = "B-PER"


@pytest.mark.parametrize("cls", [Name, Old])
def test_an_enumeration_of_str_is_its_text(cls, tagger):
    """Fails if a member is read by its name, as another word or tag than the equal str."""
    shown = [[cls.ANNA, "lives"]]
    assert equal(tagger.predict_proba(shown), tagger.predict_proba([["Anna", "lives"]]))
    tags = [[cls.PERSON if tag == "B-PER" else tag for tag in row] for row in Y]
    assert tagger.score(X, tags) == tagger.score(X, Y)
    reader, _ = WordReader.fit(
        [[("a", cls.ANNA)]], text=None, affixes=None, window=None, name="RNNTagger"
    )
    assert list(reader.columns[0]) == ["Anna"]


@pytest.mark.parametrize(
    "container_of",
    [lambda rows: list(pyarrow.array(rows)), lambda rows: pyarrow.table({"x": rows})],
)
def test_containers_of_arrow(container_of, tagger):
    """Fails if scalars or a table of Arrow, which y may be, are refused as X."""
    assert equal(tagger.predict_proba(container_of(X)), tagger.predict_proba(X))
    again = RNNTagger(**SMALL).fit(container_of(X), container_of(Y))
    assert equal(again.predict_proba(X), tagger.predict_proba(X))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ([b"Anna", b"lives"], r"Row 0 .* position 0.*Decode bytes"),
        ([None, "lives"], "Row 0 .* None at position 0"),
        ([float("nan"), "lives"], "Row 0 .* nan at position 0"),
        (b"Anna lives", "Row 0 of X is bytes"),
    ],
)
def test_a_first_word_that_is_none_is_named(row, told, tagger):
    """Fails if the first row makes words look like numbers, whose advice leads astray."""
    with pytest.raises(ValueError, match=told):
        RNNTagger(**SMALL).fit([row, *X], [["O", "O"], *Y])
    with pytest.raises(ValueError, match=told):
        tagger.predict([row])


# --- Words ---


@pytest.mark.parametrize("form", ["ascii", "unicode"])
def test_marks_without_end_take_linear_time(form, monkeypatch):
    """Fails if a word of many marks reaches a function that sorts them in quadratic time."""
    longest = []

    def strip(word):
        longest.append(len(word))
        return word

    monkeypatch.setitem(STRIP_ACCENTS, form, strip)
    text = TextToSequence(max_features=None, strip_accents=form)
    shown = [["a" + "\u0300\u0316" * 2_000, "\xe9"]]
    WordReader.fit(shown, text=text, affixes=None, window=None, name="RNNTagger")
    assert longest and max(longest) <= MAX_MARKS + 1


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TextToSequence(vocabulary=["lives", "Anna"]), "Anna"),
        (TextToSequence(vocabulary=["lives", "\xe9"], strip_accents="unicode"), "\xe9"),
    ],
)
def test_words_of_a_vocabulary_that_cannot_occur(text, word):
    """Fails if a vocabulary that no word matches makes all words unknown in silence."""
    settings = {"affixes": None, "window": None, "name": "RNNTagger"}
    with pytest.warns(UserWarning, match=f"{word!r}, which no word becomes"):
        WordReader.fit(X, text=text, **settings)
    text = TextToSequence(vocabulary=["lives", word], lowercase=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        WordReader.fit(X, text=text, **settings)


# --- The linear model ---


def chain_of(lengths, weights):
    """Return a linear model of rows whose first feature is the tag, and its accuracy."""
    rng = np.random.default_rng(0)
    n = sum(lengths)
    tags = np.repeat(rng.integers(3, size=n // 50 + 1), 50)[:n].astype(np.int32)
    same = np.tile(np.arange(5, 25, dtype=np.int32), (n, 1))
    ids = np.hstack([tags[:, np.newaxis] + 1, same])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    settings = {"n_ids": 25, "n_tags": 3, "has_transitions": True, "weight": 0.5, "seed": 0}
    model = LinearChain.fit(ids, offsets, tags, np.array(weights, np.float32), **settings)
    accuracy = (model.emissions(ids).argmax(axis=1) == tags).mean()
    return model, accuracy


@pytest.mark.parametrize("engine", ["kernel", "numpy"])
@pytest.mark.parametrize(
    ("lengths", "weights"),
    [([1200, 800], [1, 1]), ([200] * 6, [1e-6] * 6), ([5] * 300, [300] + [1e-4] * 299)],
    ids=["long rows", "light rows", "one heavy row"],
)
def test_no_row_is_too_long_or_too_heavy(engine, lengths, weights, monkeypatch):
    """Fails if a step along one row drives weights to NaN, or small weights teach nothing."""
    monkeypatch.setattr("skrnn.chains.linear.UPDATES", 60)
    if engine == "numpy":
        monkeypatch.setattr("skrnn.chains.linear._descent", lambda: descend)
    model, accuracy = chain_of(lengths, weights)
    assert all(np.isfinite(part).all() for part in (model.table, *model.chain))
    if len(lengths) < 100:
        assert accuracy > 0.9


def test_only_proportions_of_weights_count():
    """Fails if the unit of the weights changes the model."""
    weights = np.array([1.0, 2.0, 4.0])
    one, other = (chain_of([60, 60, 60], weights * unit)[0] for unit in (1, 2**-20))
    assert one.table.tobytes() == other.table.tobytes()


def test_steps_are_shortened_until_weights_are_finite(monkeypatch):
    """Fails if a descent that has left what exp can take is returned as it is."""
    monkeypatch.setattr("skrnn.chains.linear.LONGEST", 1e6)
    monkeypatch.setattr("skrnn.chains.linear.UPDATES", 60)
    model, _ = chain_of([9000, 9000], [1, 1])
    assert all(np.isfinite(part).all() for part in (model.table, *model.chain))


# --- Training that goes on ---


@pytest.mark.parametrize(
    "changes",
    [
        {"affixes": None},
        {"affixes": (1, 3)},
        {"window": 1},
        {"window": None},
        {"text": TextToSequence(lowercase=False)},
        {"text": TextToSequence(strip_accents="ascii")},
        {"text": TextToSequence(max_length=7)},
    ],
    ids=str,
)
def test_words_cannot_be_read_otherwise_later(changes, tagger):
    """Fails if training goes on and ignores a parameter that says how words are read."""
    before = tagger.predict_proba(X)
    other = tagger.as_of_now().set_params(warm_start=True, **changes)
    for train in (other.fit, other.partial_fit):
        with pytest.raises(ValueError, match="cannot continue with words read in another way"):
            train(X, Y)
    assert equal(other.predict_proba(X), before)


# --- Files ---


def opened(model, path):
    """Return the parts of the file of a model, to be changed."""
    skrnn.save(model, path)
    return container.read(path)


def test_a_reader_of_words_in_a_file_of_numbers(tmp_path):
    """Fails if a file makes a network of numbers read ids, beyond its arrays."""
    path = tmp_path / "tagger.skrnn"
    rows = [[[0.5, 1.0], [1.5, 2.0]], [[0.0, 1.0]]] * 5
    document, arrays = opened(RNNTagger(**SMALL).fit(rows, [[0, 1], [1]] * 5), path)
    document["model"]["state"]["reader"] = {
        **{"lowercase": True, "strip_accents": None, "max_length": None, "affixes": None},
        **{"spellings": [], "columns": [], "window": None, "sizes": None},
    }
    container.write(path, document, arrays)
    with pytest.raises(InvalidFileError, match="reader of words"):
        skrnn.load(path)


def test_a_text_in_a_file_of_a_classifier(tmp_path, tagger):
    """Fails if a parameter that a class lacks ends in a TypeError of Python."""
    path = tmp_path / "tagger.skrnn"
    document, arrays = opened(tagger, path)
    document["model"]["class"] = "RNNClassifier"
    document["model"]["text"] = None
    container.write(path, document, arrays)
    with pytest.raises(InvalidFileError, match="no such parameter"):
        skrnn.load(path)


def test_more_ids_than_three_in_a_number(tmp_path, tagger):
    """Fails if a tagger with millions of words can be saved, but not loaded."""
    path = tmp_path / "tagger.skrnn"
    document, arrays = opened(tagger, path)
    document["model"]["state"]["reader"]["sizes"][0] = 3_000_000
    container.write(path, document, arrays)
    assert skrnn.load(path).predict(X).shape == (len(X),)


def test_a_finished_checkpoint_is_the_whole_model(tmp_path):
    """Fails if the second of two equal fits loads the network without its linear model."""
    model = RNNTagger(**SMALL, checkpoint=tmp_path)
    first, second = (clone(model).fit(X, Y) for _ in range(2))
    assert second.surroundings_ is not None
    assert equal(first.predict_proba(X), second.predict_proba(X))


# --- Rows ---


@pytest.mark.parametrize(
    ("row", "tags", "told"),
    [([], ["O"], "1 tags in row 12, but X has 0"), (["a"], [], "0 tags in row 12")],
)
@pytest.mark.parametrize("weight", [1.0, 0.0])
def test_a_row_without_words_or_tags_is_not_lost(row, tags, told, weight):
    """Fails if a row that is empty on one side only is dropped in silence."""
    weights = [1.0] * len(X) + [weight]
    with pytest.raises(ValueError, match=told):
        RNNTagger(**SMALL).fit([*X, row], [*Y, tags], weights)
    with pytest.raises(ValueError, match=told.replace("12", "1")):
        RNNTagger(**SMALL).fit(X, Y, X_val=[X[0], row], y_val=[Y[0], tags])


def test_the_row_of_an_error_is_that_of_the_caller():
    """Fails if rows without weight shift the number of the row that is named."""
    with pytest.raises(ValueError, match="4 tags in row 3"):
        RNNTagger(**SMALL).fit(X[:3] + [["a"]], Y[:3] + [["O"] * 4], [0.0, 0.0, 1.0, 1.0])


def test_validation_rows_without_words():
    """Fails if only empty validation rows are told to be no rows."""
    with pytest.raises(ValueError, match="X_val, y_val: None of the rows has a step"):
        RNNTagger(**SMALL).fit(X, Y, X_val=[[], []], y_val=[[], []])
