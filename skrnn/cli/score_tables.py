"""Tables of scores for a terminal."""

from skrnn.lookalikes import shown

_WIDTH = 24


def text_table(rows):
    """Format rows of str as lines; the first column is left-aligned, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in rows
    )


def class_table(scores):
    """Format precision, recall and F1 of each class."""
    return text_table(
        [["class", "precision", "recall", "F1", "rows"]]
        + [
            [label, *map(score, (one.precision, one.recall, one.f1)), f"{one.n_rows:,}"]
            for label, one in zip(_labels(scores), scores.classes, strict=True)
        ]
    )


def confusion_table(scores):
    """Format the confusion matrix."""
    labels = _labels(scores)
    return text_table(
        [["true \\ predicted", *labels]]
        + [
            [label, *(f"{n:,}" for n in row)]
            for label, row in zip(labels, scores.confusion.tolist(), strict=True)
        ]
    )


def score(value):
    """Format a score with four digits; None is "-"."""
    return "-" if value is None else f"{value:.4f}"


def short_labels(labels):
    """Return labels for the cells of a column, no two of them the same."""
    return shown(labels, _WIDTH)


def short(word):
    """Shorten a word for a column, and escape its control characters."""
    (word,) = shown([word], _WIDTH)
    return word


def _labels(scores):
    return short_labels([one.label for one in scores.classes])
