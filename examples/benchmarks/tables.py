"""Format results as Markdown."""

from statistics import median

from rows import BARS, CELLS, OURS, OVERHEADS


def markdown(header, rows):
    """Return a table with a first column of text and further columns of numbers."""
    align = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, align, *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines) + "\n"


def spread(seconds):
    """Return median and range as text, or an empty string without measurements."""
    if not seconds:
        return ""
    middle = median(seconds)
    digits = 3 if middle < 1 else 2
    low, high = min(seconds), max(seconds)
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def ratio(result, ours, what):
    """Return the ratio of the median seconds to those of skrnn, or None if unknown."""
    if not result[what] or not ours or not ours[what]:
        return None
    return median(result[what]) / median(ours[what])


def find(results, cell, peer):
    """Return a result, or None if it was not measured."""
    return next((r for r in results if (r["cell"], r["peer"]) == (cell, peer)), None)


def speed_tables(results):
    """Return one table for each network."""
    header = [
        "",
        "train, s per epoch",
        "x ours",
        "predict, s",
        "x ours",
        "loss, first to last epoch",
        "test accuracy",
    ]
    text = ""
    for cell in dict.fromkeys(r["cell"] for r in results):
        ours = find(results, cell, OURS)
        rows = []
        for result in results:
            if result["cell"] != cell:
                continue
            factors = [ratio(result, ours, what) for what in ("train", "predict")]
            train_factor, predict_factor = ["" if f is None else f"{f:.2f}" for f in factors]
            losses, accuracy = result["loss"], result["accuracy"]
            rows.append(
                [
                    result["title"],
                    spread(result["train"]),
                    train_factor,
                    spread(result["predict"]),
                    predict_factor,
                    f"{losses[0]:.3f} to {losses[-1]:.3f}" if losses else "",
                    f"{accuracy[-1]:.3f}" if accuracy else "",
                ]
            )
        whole = cell.startswith("whole ")
        name = CELLS[cell.removeprefix("whole ")] + (", whole reviews" if whole else "")
        text += f"### {name}\n\n{markdown(header, rows)}\n"
    return text


def around_epochs(results):
    """Return a sentence on the time of training calls outside the timed epoch."""
    told = [
        f"{r['title']} {median(r['around']):.3f} s"
        for r in results
        if r["cell"] == "lstm" and r["around"] and None not in r["around"]
    ]
    if not told:
        return ""
    return f"Time of a training call of the LSTM outside its epochs: {', '.join(told)}.\n"


def bars(results):
    """Return the targets with the measured figures as dicts, without those not measured."""
    found = []
    for what, cell, kind, peers, wanted in BARS:
        ours = find(results, cell, OURS)
        rivals = [find(results, cell, peer) for peer in peers]
        rivals = [r for r in rivals if r and r[kind]]
        if not ours or not rivals:
            continue
        rival = min(rivals, key=lambda r: median(r[kind]))
        measured = ratio(rival, ours, kind)
        found.append(
            {
                "what": what,
                "against": rival["title"],
                "wanted": wanted,
                "measured": measured,
                "reached": measured >= wanted,
            }
        )
    return found


def bars_table(found):
    """Return the targets as a table."""
    rows = [
        [
            f"{bar['what']} against {bar['against']}",
            f"{bar['wanted']}x",
            f"{bar['measured']:.2f}x",
            "yes" if bar["reached"] else "no",
        ]
        for bar in found
    ]
    return markdown(["", "wanted", "measured", "reached"], rows)


def overhead_table(overhead):
    """Return the seconds outside the epochs as a table."""
    rows = []
    for key, title, wanted in OVERHEADS:
        seconds = overhead[key]
        rows.append([title, "" if wanted is None else f"under {wanted}", spread(seconds)])
    loads = any(overhead["import_loads_tensorflow"])
    return (
        markdown(["skrnn, seconds", "wanted", "measured"], rows)
        + f"\nThese two imports load TensorFlow: {'yes' if loads else 'no'}.\n"
    )
