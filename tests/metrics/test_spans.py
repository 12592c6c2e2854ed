"""Spans: read as conlleval and seqeval read them, on legal and illegal labels."""

import random

import numpy as np
import pytest

from skrnn.exceptions import AmbiguousInputWarning, InvalidInputError
from skrnn.metrics import (
    Span,
    span_f1_score,
    span_precision_score,
    span_recall_score,
    span_report,
    spans,
)

# Labels of a row -> its spans; by hand from the table of conlleval.
READ = {
    "": [],
    "O O": [],
    "B-X": [(0, 1, "X")],
    "B-X I-X O": [(0, 2, "X")],
    "O B-X I-X": [(1, 3, "X")],
    "B-X B-X": [(0, 1, "X"), (1, 2, "X")],
    "B-X O I-X": [(0, 1, "X"), (2, 3, "X")],
    "I-X I-X O": [(0, 2, "X")],  # IOB1, or an illegal beginning
    "I-X B-X I-X": [(0, 1, "X"), (1, 3, "X")],  # IOB1: B only between two of a kind
    "B-X I-Y I-Y": [(0, 1, "X"), (1, 3, "Y")],
    "B-X I-Y I-X": [(0, 1, "X"), (1, 2, "Y"), (2, 3, "X")],
    "I-X E-X": [(0, 2, "X")],  # IOE
    "B-X I-X E-X S-Y": [(0, 3, "X"), (3, 4, "Y")],
    "B-X E-X I-X": [(0, 2, "X"), (2, 3, "X")],
    "S-X S-X": [(0, 1, "X"), (1, 2, "X")],
    "E-X E-X": [(0, 1, "X"), (1, 2, "X")],
    "S-X I-X": [(0, 1, "X"), (1, 2, "X")],
    "B-X S-X": [(0, 1, "X"), (1, 2, "X")],
    "B-X I-X L-X U-Y": [(0, 3, "X"), (3, 4, "Y")],  # BILOU by types
    "U-X U-X": [(0, 2, "X")],
    "B-X M-X E-X": [(0, 3, "X")],  # BMES
    "B I O": [(0, 2, "_")],
    "B-": [(0, 1, "_")],
    "B-X-Y I-X-Y": [(0, 2, "X-Y")],
    "B-X I-X-Y": [(0, 1, "X"), (1, 2, "X-Y")],
    "NP NP O": [(0, 2, "P")],
    "BX IX": [(0, 2, "X")],
    "OX B-X": [(1, 2, "X")],
    ". B-X": [(1, 2, "X")],
}
ODD = {"NP NP O", "BX IX", "OX B-X", ". B-X"}


@pytest.mark.parametrize(("labels", "wanted"), READ.items(), ids=READ)
@pytest.mark.filterwarnings("ignore:tags has labels without a prefix")
def test_reading(labels, wanted):
    """Fails if a sequence, legal or not, is read in another way than conlleval does."""
    found = spans(None, [["O"], labels.split(), ["B-Y"]])
    assert found == [[], [Span(*one) for one in wanted], [Span(0, 1, "Y")]]


def test_neighbours_do_not_matter():
    """Fails if a span goes on into the next row, or begins in the one before."""
    assert spans(None, [["B-X"], ["I-X"], [], ["I-X"]]) == [[(0, 1, "X")]] * 2 + [[], [(0, 1, "X")]]


SCORES = [  # true, predicted, precision, recall, by hand
    ("B-X I-X O", "B-X I-X O", 1, 1),
    ("B-X I-X O", "B-X O O", 0, 0),
    ("B-X I-X O", "B-Y I-Y O", 0, 0),
    ("B-X I-X O", "I-X I-X O", 1, 1),
    ("B-X I-X O", "O I-X O", 0, 0),
    ("B-X B-X O", "B-X I-X O", 0, 0),
    ("B-X O B-Y", "B-X O O", 1, 1 / 2),
    ("B-X O O", "B-X O B-Y", 1 / 2, 1),
    ("B-X I-X B-Y", "B-X I-X I-Y", 1, 1),
    ("B-X I-X I-X", "B-X I-X B-X", 0, 0),
    ("O O O", "O O O", 0, 0),
    ("B-X O O", "O O O", 0, 0),
    ("S-X B-Y E-Y", "B-X B-Y I-Y", 1, 1),
]


@pytest.mark.parametrize(("true", "predicted", "precision", "recall"), SCORES)
def test_scores(true, predicted, precision, recall):
    """Fails if half a span counts, or a span of another type, or one that begins elsewhere."""
    pair = [true.split()], [predicted.split()]
    assert span_precision_score(*pair) == precision
    assert span_recall_score(*pair) == recall
    total = precision + recall
    assert span_f1_score(*pair) == pytest.approx(2 * precision * recall / total if total else 0)


TRUE = [["B-X", "I-X", "O", "B-Y"], [], ["B-X", "B-X", "O"], ["B-Z"]]
FOUND = [["B-X", "I-X", "O", "B-X"], [], ["B-X", "O", "O"], ["B-Z"]]


def test_averages():
    """Fails if types are averaged as another of the averages; the numbers are by hand."""
    # X: 3 true, 3 predicted, 2 right. Y: 1, 0, 0. Z: 1, 1, 1.
    by_type = [2 / 3, 0, 1]
    assert span_f1_score(TRUE, FOUND, average=None) == pytest.approx(by_type)
    assert span_recall_score(TRUE, FOUND, average=None) == pytest.approx(by_type)
    assert span_precision_score(TRUE, FOUND, average=None, zero_division=1) == pytest.approx(
        [2 / 3, 1, 1]
    )
    assert span_f1_score(TRUE, FOUND) == pytest.approx(2 * 3 / (4 + 5))
    assert span_f1_score(TRUE, FOUND, average="macro") == pytest.approx(5 / 9)
    assert span_f1_score(TRUE, FOUND, average="weighted") == pytest.approx((3 * 2 / 3 + 1) / 5)


def test_labels_choose_types():
    """Fails if other types count, or scores come in another order than that of labels."""
    assert span_f1_score(TRUE, FOUND, labels=["Y", "Z"]) == pytest.approx(2 / 3)
    assert span_f1_score(TRUE, FOUND, labels=["Z", "new", "X"], average=None) == pytest.approx(
        [1, 0, 2 / 3]
    )
    assert span_f1_score(TRUE, FOUND, labels=np.array(["X"])) == pytest.approx(2 / 3)
    with pytest.raises(InvalidInputError, match="names types of spans, without a prefix: 'X'"):
        span_f1_score(TRUE, FOUND, labels=["B-X"])
    with pytest.raises(InvalidInputError, match="one occurs twice"):
        span_f1_score(TRUE, FOUND, labels=["X", "X"])
    with pytest.raises(InvalidInputError, match="1 is not a str"):
        span_f1_score(TRUE, FOUND, labels=[1])


def test_weights_are_copies_of_rows():
    """Fails if a row of weight 3 counts otherwise than three copies of it."""
    weights = [2, 1, 0, 3]
    copies = [
        [row for row, n in zip(rows, weights, strict=True) for _ in range(n)]
        for rows in (TRUE, FOUND)
    ]
    for average in ("micro", "macro", "weighted", None):
        for score in (span_f1_score, span_precision_score, span_recall_score):
            found = score(TRUE, FOUND, average=average, sample_weight=weights)
            assert found == pytest.approx(score(*copies, average=average))
    with pytest.raises(ValueError, match="sample_weight"):
        span_f1_score(TRUE, FOUND, sample_weight=[1, 2])
    with pytest.raises(ValueError, match="[Nn]egative"):
        span_f1_score(TRUE, FOUND, sample_weight=[1, 1, 1, -1])


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_nothing_to_divide_by(average):
    """Fails if rows without any span give NaN or a warning, or the choice of the user is lost."""
    nothing, some = [["O", "O"], []], [["B-X", "O"], []]
    for zero in (0, 1):
        assert span_f1_score(nothing, nothing, average=average, zero_division=zero) == zero
        assert span_precision_score(some, nothing, average=average, zero_division=zero) == zero
        assert span_recall_score(nothing, some, average=average, zero_division=zero) == zero
        assert span_f1_score(nothing, some, average=average, zero_division=zero) == 0
    assert span_f1_score(nothing, nothing, average=None).tolist() == []
    for bad in (0.5, "warn", None, True, float("nan")):
        with pytest.raises(InvalidInputError, match=r"zero_division=.* has to be 0 or 1"):
            span_f1_score(nothing, nothing, zero_division=bad)


BARE = ["B", "I", "E", "S", "U", "X", "XY", "O-X", ".", "NP", "-X", "B_X", "B-", "U-", "OTHER"]
ALPHABET = [f"{p}-{t}" for p in "BIESULMO" for t in ("X", "Y", "X-Y")] + BARE


@pytest.mark.filterwarnings("ignore")
def test_equal_to_seqeval():
    """Fails if any of a few hundred random corpora is scored otherwise than by seqeval.

    Not the macro average of no type at all, which seqeval has as NaN.
    """
    seqeval = pytest.importorskip("seqeval.metrics", reason="needs seqeval to compare with")
    get_entities = pytest.importorskip("seqeval.metrics.sequence_labeling").get_entities
    rng = random.Random(0)
    pairs = [
        (seqeval.f1_score, span_f1_score),
        (seqeval.precision_score, span_precision_score),
        (seqeval.recall_score, span_recall_score),
    ]
    for trial in range(240):
        alphabet = ALPHABET if trial % 2 else ["B-X", "I-X", "B-Y", "I-Y", "O"]
        y = [
            [rng.choice(alphabet) for _ in range(rng.randint(0, 8))]
            for _ in range(rng.randint(1, 5))
        ]
        z = [[a if rng.random() < 0.6 else rng.choice(alphabet) for a in row] for row in y]
        entities = [[(a, b, c + 1) for a, b, c in get_entities(row)] for row in y]
        assert [[(s.label, s.start, s.end) for s in row] for row in spans(None, y)] == entities
        for theirs, ours in pairs:
            average = rng.choice(["micro", "macro", "weighted", None])
            zero = rng.randint(0, 1)
            wanted = theirs(y, z, average=average, zero_division=zero)
            if average and np.isnan(wanted):
                continue
            found = ours(y, z, average=average, zero_division=zero)
            np.testing.assert_array_equal(found, wanted, err_msg=f"{average} {zero} {y} {z}")


def test_report():
    """Fails if a number of the report is not the score, or the table is not lined up."""
    told = span_report(TRUE, FOUND, output_dict=True)
    assert list(told) == ["X", "Y", "Z", "micro avg", "macro avg", "weighted avg"]
    assert told["X"] == {
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1-score": pytest.approx(2 / 3),
        "support": 3,
    }
    assert told["macro avg"]["f1-score"] == span_f1_score(TRUE, FOUND, average="macro")
    assert type(told["X"]["support"]) is int and type(told["X"]["recall"]) is float
    table = span_report(TRUE, FOUND, labels=["Z", "X"], digits=2)
    lines = [line.split() for line in table.split("\n") if line]
    assert lines[1] == ["Z", "1.00", "1.00", "1.00", "1"]
    assert lines[2] == ["X", "0.67", "0.67", "0.67", "3"]
    assert len({len(line) for line in table.split("\n") if line}) == 1
    weighted = span_report(TRUE, FOUND, sample_weight=[0.5, 1, 1, 1])
    assert weighted.split("\n")[2].split()[-1] == "2.500"
    nothing = span_report([["O"]], [["O"]])
    assert "micro avg      0.000     0.000     0.000         0" in nothing


def test_labels_without_prefix_warn():
    """Fails if F1 of parts of speech is computed without a word."""
    with pytest.warns(AmbiguousInputWarning, match="'NOUN'.*token_accuracy_score"):
        span_f1_score([["NOUN", "O"]], [["B-X", "O"]])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[1, 2]], "y_true has labels of type int64, such as 1.*token_accuracy_score"),
        ([["B-X", ""]], "y_true has an empty label in row 0, step 1"),
        (["B-X", "O"], "Row 0 of y_true is the str 'B-X'"),
        ([["B-X"]], "Row 0 of y_pred has 2 labels, but row 0 of y_true has 1"),
    ],
)
def test_bad_labels(y, message):
    """Fails if what has no spans is scored, or the error names no place."""
    predicted = y if "length" not in message and "y_pred" not in message else [["O", "O"]]
    with pytest.raises(InvalidInputError, match=message):
        span_f1_score(y, predicted)


# --- In the text -------------------------------------------------------------------------


def test_characters():
    """Fails if a span is cut elsewhere in the text than its words are."""
    text = ["  The cat: don't other\u00a0the Ada-Lovelace\n(Ada)"]
    words = [["cat", "do", "n't", "the", "Ada", "-", "Lovelace", "Ada"]]
    tags = [["B-A", "B-B", "I-B", "B-C", "B-D", "I-D", "I-D", "B-E"]]
    (found,) = spans(words, tags, text=text)
    shown = {one.label: text[0][one.start : one.end] for one in found}
    assert shown == dict(A="cat", B="don't", C="the", D="Ada-Lovelace", E="Ada")
    assert text[0][: found[2].start].endswith("other\u00a0")
    tuples = [[(word, "POS") for word in words[0]]]
    assert spans(tuples, tags, text=text) == [found]


@pytest.mark.parametrize(
    ("X", "tags", "text", "message"),
    [
        ([["a", "b"]], [["B-X"]], None, "Row 0 of tags has 1 labels, but row 0 of X has 2 steps"),
        (["a b"], [["B-X", "O"]], None, "Row 0 of X is the str 'a b'"),
        ([["a"], ["b"]], [["B-X"]], None, "tags has 1 rows, but X has 2"),
        ([["a", "z"]], [["B-X", "O"]], ["a b"], r"Row 0: the word 'z' \(step 1\).* character 1 on"),
        ([["a", "A"]], [["B-X", "O"]], ["a a"], "the word 'A'"),
        ([["a"]], [["B-X"]], "a", "text has to be a sequence of str"),
        ([["a"]], [["B-X"]], ["a", "b"], "text has 2 texts, but X has 1 rows"),
        ([[3]], [["B-X"]], ["3"], "Step 0 of row 0 of X is 3 of type int"),
        (None, [["B-X"]], ["a"], "X is None"),
    ],
)
def test_text_errors(X, tags, text, message):
    """Fails if offsets are guessed where words and text do not fit."""
    with pytest.raises(InvalidInputError, match=message):
        spans(X, tags, text=text)
