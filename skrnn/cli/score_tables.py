"""Tables of scores for a terminal."""

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
            [short(one.label), *map(score, (one.precision, one.recall, one.f1)), f"{one.n_rows:,}"]
            for one in scores.classes
        ]
    )


def confusion_table(scores):
    """Format the confusion matrix."""
    labels = [short(one.label) for one in scores.classes]
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


def short(label):
    """Shorten a label for a column, and escape its control characters."""
    label = "".join(c if c.isprintable() else repr(c)[1:-1] for c in label)
    return label if len(label) <= _WIDTH else label[: _WIDTH - 3] + "..."
