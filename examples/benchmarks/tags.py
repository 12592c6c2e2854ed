"""Compare taggers on chunks, slots and parts of speech: F1 or accuracy, and seconds.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/tags.py --json tags.json

The sets are CoNLL-2000 with words and parts of speech (``conll2000``) or with words only
(``conll2000-words``), the slots of ATIS (``atis``) and the parts of speech of UD English EWT
(``ewt``), with their official test parts. ``--validation`` scores on the parts on which settings
are chosen: the last tenth of the training part of CoNLL-2000, `valid` of ATIS, `dev` of EWT.

- ``network`` is RNNTagger with nothing set but the seed, and scheme="BIO" for spans.
  ``--set dropout=0.3`` changes a parameter.
- ``crfsuite`` is CRFsuite through sklearn-crfsuite, with the usual templates of CoNLL-2000 (lbfgs,
  c1=0.1, c2=0.1, 100 iterations, all possible transitions). ``crfsuite-spelling`` also has the
  suffixes, case and digits of sklearn-crfsuite's tutorial. Their environment is created at the
  first run and kept (``--envs``).
- ``keras`` is the network without CRF in plain Keras, of which only an epoch is timed; each batch
  is padded to its longest row. In ``keras-padded``, all rows are as long as the longest.

Each fit has its own process, and all recipes take turns. Seconds are those of `fit` in a fresh
process: with the loading of TensorFlow for the network, and with the making of features for
CRFsuite. Kernels are compiled by a small fit before, which is not timed. The seconds of an epoch
are the median of all but the first. A further process, which does not load TensorFlow, loads the
fitted tagger from its file and tags 10,000 sentences: those of the test part, again and again.
Rivals run with ``--rival-seeds`` seeds. Only one of them depends on the seed, Keras.
"""

import argparse
import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import mean, stdev

from environments import default_folder, make_environment, versions
from machine import describe_machine, print_machine
from tables import markdown
from tags_data import OURS, RECIPES, SETS, read, write
from workers import Worker, end_on_termination, say

PACKAGES = ("scikit-learn", "tensorflow", "keras", "numpy", "numba")
N_TAGGED, WARM_UP_ROWS = 10_000, 60


def main():
    """Run all recipes in turns, then print the tables."""
    end_on_termination()
    args = parse()
    if not os.environ.get("SKRNN_DATA"):
        sys.exit("Set SKRNN_DATA to the folder that contains conll2000, atis and ud_english_ewt.")
    pythons, told = {None: sys.executable}, {"packages": {n: version(n) for n in PACKAGES}}
    for name in dict.fromkeys(RECIPES[key].environment for key in args.recipes):
        if name is not None:
            pythons[name] = make_environment(name, args.envs, say)
            told[name] = versions(name, pythons[name])
    machine = describe_machine()
    runs = []
    for name in args.sets:
        measure(name, pythons, args, runs)
        if args.json:  # after each set, since the whole takes long
            found = {"machine": machine, "versions": told, "runs": runs}
            args.json.write_text(json.dumps(found, indent=1) + "\n")
    print("## Tags\n")
    print_machine(machine, told)
    for name in args.sets:
        print(f"### {SETS[name].title}\n")
        print(table(name, args, [run for run in runs if run["set"] == name]))


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--sets", nargs="+", choices=SETS, default=list(SETS))
    defaults = [key for key in RECIPES if key != "keras-padded"]
    add("--recipes", nargs="+", choices=RECIPES, default=defaults)
    add("--seeds", type=int, default=3)
    add("--rival-seeds", type=int, default=1, help="seeds of the other recipes")
    add("--set", action="append", default=[], metavar="NAME=JSON", help="a parameter of network")
    add("--validation", action="store_true", help="score where settings are chosen")
    add("--limit", type=int, help="rows of each part, for a trial")
    add("--envs", type=Path, default=default_folder(), help="folder of the environments")
    add("--json", type=Path, help="write all figures here")
    return parser.parse_args()


def measure(name, pythons, args, runs):
    """Let all recipes take turns on a set, and append to `runs`."""
    rows = read(name, Path(os.environ["SKRNN_DATA"]), args.validation, args.limit)
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "set.json", Path(folder) / "small.json"
        write(rows, path)
        write(
            {part: {k: v[:WARM_UP_ROWS] for k, v in of.items()} for part, of in rows.items()}, small
        )
        if OURS in args.recipes:
            run(OURS, name, pythons, args, small, 0, epochs=1)
        for seed in range(max(args.seeds, args.rival_seeds)):
            first = seed % len(args.recipes)
            for key in args.recipes[first:] + args.recipes[:first]:
                if seed >= (args.seeds if key == OURS else args.rival_seeds):
                    continue
                answer = run(key, name, pythons, args, path, seed)
                if "found" in answer:
                    answer |= scores(rows["test"]["y"], answer.pop("found"), SETS[name].has_spans)
                runs.append({"set": name, "recipe": key, "seed": seed, **answer})
                say(f"{runs[-1]}")


def run(key, name, pythons, args, path, seed, **further):
    """Fit in one process, tag in another, and return the figures."""
    recipe = RECIPES[key]
    python, model = pythons[recipe.environment], f"{path}.model"
    settings = recipe.settings
    if key == OURS:
        settings = ({"scheme": "BIO"} if SETS[name].has_spans else {}) | changes(args) | further
    with Worker(python, recipe.script, recipe.title) as worker:
        answer = worker.ask("run", path=str(path), seed=seed, model=model, **settings)
    if "found" in answer:
        with Worker(python, recipe.script, recipe.title) as worker:
            answer |= worker.ask("tag", path=str(path), model=model, n=N_TAGGED)
    return answer


def changes(args):
    """Return the parameters of ``--set``."""
    return {name: json.loads(value) for name, value in (one.split("=", 1) for one in args.set)}


def scores(y, found, has_spans):
    """Return the scores of tags."""
    from skrnn.metrics import span_f1_score, token_accuracy_score

    told = {"accuracy": float(token_accuracy_score(y, found))}
    return told | ({"f1": float(span_f1_score(y, found))} if has_spans else {})


def table(name, args, runs):
    """Return the figures of a set as Markdown, and how many times faster an epoch is."""
    columns = [("f1", "span F1", 4)] if SETS[name].has_spans else []
    columns += [("accuracy", "token accuracy", 4), ("fit_s", "fit, s", 1), ("cpu_s", "CPU, s", 1)]
    columns += [("epoch_s", "epoch, s", 2), ("tag_s", "10,000 sentences, s", 2)]
    rows, epochs = [], {}
    for key in args.recipes:
        mine = [run for run in runs if run["recipe"] == key]
        if not mine:
            continue
        title = " ".join([RECIPES[key].title, *(args.set if key == OURS else [])])
        row = [title, len(mine)]
        for what, _, digits in columns:
            values = [run[what] for run in mine if what in run]
            text = f"{mean(values):.{digits}f}" if values else ""
            row.append(f"{text} ± {stdev(values):.4f}" if digits == 4 and values[1:] else text)
            if what == "epoch_s" and values:
                epochs[key] = mean(values)
        rows.append(row)
    text = markdown(["", "seeds", *(title for _, title, _ in columns)], rows)
    for key in [key for key in epochs if OURS in epochs and key != OURS]:
        times = epochs[key] / epochs[OURS]
        text += f"\nAn epoch of {RECIPES[key].title} takes {times:.1f} times as long.\n"
    return text


if __name__ == "__main__":
    main()
