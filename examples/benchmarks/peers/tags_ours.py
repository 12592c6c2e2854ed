"""skrnn.RNNTagger with its defaults, in a process that fits, or in one that only tags."""

import statistics
import sys
import time

import tags_file
from protocol import Stopwatch, serve

import skrnn
from skrnn import RNNTagger


class EpochClock:
    """A scikit-learn callback that times the epochs of a fit."""

    def __init__(self):
        self.seconds = []

    def setup(self, estimator, context):
        """Do nothing; part of the protocol."""

    def teardown(self, estimator, context):
        """Do nothing; part of the protocol."""

    def on_fit_task_begin(self, estimator, context):
        """Start at the begin of an epoch."""
        if context.task_name == "epoch":
            self._watch = Stopwatch()

    def on_fit_task_end(self, estimator, context):
        """Stop at its end."""
        if context.task_name == "epoch":
            self.seconds.append(self._watch.read())


class Peer:
    """One tagger."""

    def run(self, path, seed, model, **settings):
        """Fit, tag the test part, and write the fitted tagger to a file."""
        parts, clock = tags_file.read(path), EpochClock()
        train, test = parts["train"], parts["test"]
        settings = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
        tagger = RNNTagger(random_state=seed, **settings)
        tagger.set_callbacks(clock)
        cpu, watch = time.process_time(), Stopwatch()
        tagger.fit(train["X"], train["y"])
        fit_s, cpu_s = watch.read(), time.process_time() - cpu
        found = [row.tolist() for row in tagger.predict(test["X"])]
        tagger.set_callbacks()
        skrnn.save(tagger, model)
        return {
            "found": found,
            "fit_s": fit_s,
            "cpu_s": cpu_s,
            # The first one traces the program too.
            "epoch_s": statistics.median(clock.seconds[1:] or clock.seconds),
            "epochs": tagger.n_iter_,
        }

    def tag(self, path, model, n):
        """Load the file and tag n sentences, which must need no TensorFlow."""
        X = tags_file.repeated(tags_file.read(path)["test"]["X"], n)
        cpu, watch = time.process_time(), Stopwatch()
        tagger = skrnn.load(model)
        load_s = watch.read()
        tagger.predict(X)
        predict_s, cpu_s = watch.read(), time.process_time() - cpu
        if "tensorflow" in sys.modules:
            raise RuntimeError("The prediction loaded TensorFlow.")
        return {"load_s": load_s, "tag_s": load_s + predict_s, "tag_cpu_s": cpu_s}


if __name__ == "__main__":
    serve(Peer())
