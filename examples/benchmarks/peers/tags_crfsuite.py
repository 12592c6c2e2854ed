"""CRFsuite through sklearn-crfsuite, with the usual templates of CoNLL-2000.

The templates are those of CRF++'s and CRFsuite's chunking examples: words from -2 to 2, pairs of
neighbouring words, and, of the column beside the words, the same and pairs and triples within -2
to 2. "spelling" adds the features of sklearn-crfsuite's tutorial: suffixes, case and digits of the
word and of its neighbours. A sentence is a list of words or of tuples (word, part of speech).
"""

import pickle
import time
from pathlib import Path

import sklearn_crfsuite
import tags_file
from protocol import Stopwatch, serve


def features(sentence, spelling):
    """Return a dict of features for each step."""
    has_columns = isinstance(sentence[0], tuple)
    words = [step[0] for step in sentence] if has_columns else sentence
    tracks = [("w", words, {1: (-2, 2), 2: (-1, 0)})]
    if has_columns:
        column = [step[1] for step in sentence]
        tracks.append(("p", column, {1: (-2, 2), 2: (-2, 1), 3: (-2, 0)}))
    n, rows = len(sentence), []
    for i in range(n):
        row = {
            "bias": 1.0,
            **({"BOS": True} if i == 0 else {}),
            **({"EOS": True} if i == n - 1 else {}),
        }
        for name, values, templates in tracks:
            for length, (first, last) in templates.items():
                for k in range(first, last + 1):
                    if i + k >= 0 and i + k + length <= n:
                        row[f"{name}{length}:{k}"] = "|".join(values[i + k : i + k + length])
        if spelling:
            for k in (-1, 0, 1):
                if 0 <= i + k < n:
                    row.update(spelled(words[i + k], k))
        rows.append(row)
    return rows


def spelled(word, k):
    """Return the features of how a word is written, k steps from here."""
    told = {
        f"lower:{k}": word.lower(),
        f"upper:{k}": word.isupper(),
        f"title:{k}": word.istitle(),
        f"digit:{k}": word.isdigit(),
    }
    return told | {f"s2:{k}": word[-2:], f"s3:{k}": word[-3:]}


class Peer:
    """One tagger."""

    def run(self, path, seed, model, spelling=False):
        """Fit, with the making of features, tag the test part, and pickle the tagger."""
        parts = tags_file.read(path)
        train, test = parts["train"], parts["test"]
        cpu, watch = time.process_time(), Stopwatch()
        crf = sklearn_crfsuite.CRF(
            algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=True
        )
        crf.fit([features(sentence, spelling) for sentence in train["X"]], train["y"])
        fit_s, cpu_s = watch.read(), time.process_time() - cpu
        found = crf.predict([features(sentence, spelling) for sentence in test["X"]])
        Path(model).write_bytes(pickle.dumps((crf, spelling)))
        return {"found": [list(map(str, row)) for row in found], "fit_s": fit_s, "cpu_s": cpu_s}

    def tag(self, path, model, n):
        """Load the file and tag n sentences."""
        X = tags_file.repeated(tags_file.read(path)["test"]["X"], n)
        cpu, watch = time.process_time(), Stopwatch()
        crf, spelling = pickle.loads(Path(model).read_bytes())
        crf.predict([features(sentence, spelling) for sentence in X])
        return {"tag_s": watch.read(), "tag_cpu_s": time.process_time() - cpu}


if __name__ == "__main__":
    serve(Peer())
