"""Tables of the benchmark `series.py` as Markdown."""

from statistics import mean

from series_rows import CHANGES, CLASSIFY, OURS, REGRESS, RIVALS, SETS
from tables import markdown


def print_sets(sets):
    """Print the size of each set."""
    rows = []
    for name, splits in sets.items():
        told = next(iter(splits.values()))
        low, high = told["steps"]
        rows.append(
            [
                SETS[name][0],
                f"{told['train']:,}",
                f"{told['test']:,}",
                f"{low}" if low == high else f"{low} to {high}",
                told["channels"],
                told["classes"] or "a number",
            ]
        )
    print(markdown(["set", "train", "test", "steps", "channels", "classes"], rows))


def print_tables(found):
    """Print scores, seconds, scores of changed series, and what failed."""
    runs = [run for run in found["runs"] if "change" not in run]
    titles = ((CLASSIFY, "Accuracy"), (REGRESS, "Root mean squared error"))
    for task, title in titles:
        names = [name for name in found["sets"] if SETS[name][1] == task]
        if not names:
            continue
        print(f"### {title}, {_seeds_text(found['arguments'])}\n")
        print(_table(runs, names, lambda run: run["score"], _score_text))
        print(f"### {title}: CPU seconds of fit and predict\n")
        print(_table(runs, names, lambda run: run["cpu_s"], _seconds_text))
        print(f"### {title}: seconds of fit and predict\n")
        print(_table(runs, names, lambda run: run["fit_s"] + run["predict_s"], _seconds_text))
    changed = [run for run in found["runs"] if "change" in run]
    if changed:
        print("### The same series, multiplied or shifted: skrnn, one seed\n")
        print(_changes_table(found["runs"], changed))
    print("The first fit of a process, with imports and compilation, in seconds:")
    for rival in RIVALS:
        starts = found["starts"].get(rival.key)
        if starts:
            print(f"- {rival.title}: {', '.join(f'{s:.1f}' for s in starts.values())}")
    failures = [run for run in found["runs"] if "failed" in run]
    if failures:
        print("\nLeft out:")
    for run in failures:
        title = next(rival.title for rival in RIVALS if rival.key == run["rival"])
        print(f"- {title}, {run['split']}, seed {run['seed']}: {run['failed']}")


def _table(runs, names, value, text):
    """Return a table with a row for each rival and a column for each set."""
    rows = []
    for rival in RIVALS:
        mine = [run for run in runs if run["rival"] == rival.key]
        if not mine:
            continue
        cells = []
        for name in names:
            of_set = [run for run in mine if run["set"] == name]
            known = [value(run) for run in of_set if "failed" not in run]
            is_whole = known and len(known) == len(of_set)
            cells.append(text(mean(known), name) if is_whole else "-")
        rows.append([rival.title, *cells])
    return markdown(["", *(SETS[name][0] for name in names)], rows)


def _changes_table(runs, changed):
    names = list(dict.fromkeys(run["set"] for run in changed))
    first = {
        run["set"]: run["score"]
        for run in runs
        if run["rival"] == OURS and run["seed"] == 0 and "change" not in run and "score" in run
    }
    rows = [["as they are", *(_score_text(first[n], n) if n in first else "-" for n in names)]]
    for change in CHANGES:
        scores = {run["set"]: run.get("score") for run in changed if run["change"] == change}
        texts = ("-" if scores.get(n) is None else _score_text(scores[n], n) for n in names)
        rows.append([change, *texts])
    return markdown(["", *(SETS[name][0] for name in names)], rows)


def _seeds_text(arguments):
    ours, others = (
        f"mean of {n} seeds" if n > 1 else "one seed"
        for n in (arguments["seeds"], arguments["rival_seeds"])
    )
    return ours if ours == others else f"{ours} (other libraries: {others})"


def _score_text(score, name):
    return f"{score:.4f}" if SETS[name][1] == REGRESS else f"{score:.3f}"


def _seconds_text(seconds, name):
    digits = 2 if seconds < 1 else 1 if seconds < 100 else 0
    return f"{seconds:.{digits}f}"
