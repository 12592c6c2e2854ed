"""A fitted classifier as it is, or exported to ONNX, predicting a few rows at a time.

Both get token ids: the estimator a sparse array, as `TextToSequence` makes it, onnxruntime a dense
one. What of that is ready before the clock starts, the docstring of `onnx_speed.py` tells.
"""

import joblib
import numpy as np
from protocol import Stopwatch, serve


class Peer:
    """One way to predict, and the documents."""

    def prepare(self, folder, threads=None, bucket=None):
        """Load what `onnx_speed.py` has written; `threads` are onnxruntime's, None is skrnn."""
        self.documents = joblib.load(f"{folder}/documents.joblib")
        self.bucket = bucket
        self.session = None
        if threads is None:
            self.classifier = joblib.load(f"{folder}/classifier.joblib")
            return
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            f"{folder}/classifier.onnx", options, providers=["CPUExecutionProvider"]
        )

    def predict(self, kind, n_rows, calls):
        """Predict so many rows in each of so many calls, other rows each time; time a call."""
        X = self.documents[kind]
        starts = [i * n_rows % (X.shape[0] - n_rows + 1) for i in range(calls)]
        fed = [self._ready(X[start : start + n_rows]) for start in starts]
        watch = Stopwatch()
        answers = [self._call(batch) for batch in fed]
        seconds = watch.read() / calls
        return {"seconds": seconds, "probability": answers[0][:, 1].tolist()}

    def _ready(self, X):
        if self.session is None or self.bucket:
            return X
        return X.toarray()[:, : np.diff(X.indptr).max()]

    def _call(self, X):
        if self.session is None:
            return self.classifier.predict_proba(X)
        if not self.bucket:
            return self._run(X)
        lengths = np.diff(X.indptr)
        order = np.argsort(lengths)
        answer = np.empty((len(order), 2), np.float32)
        for i in range(0, len(order), self.bucket):
            rows = order[i : i + self.bucket]
            answer[rows] = self._run(X[rows].toarray()[:, : lengths[rows].max()])
        return answer

    def _run(self, tokens):
        return self.session.run(["probabilities"], {"tokens": tokens})[0]


if __name__ == "__main__":
    serve(Peer())
