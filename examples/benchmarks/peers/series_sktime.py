"""sktime's recurrent network, with its defaults: 6 units, 100 epochs, a batch size of 1."""

from protocol import serve
from series_file import Rival
from sktime.classification.deep_learning import SimpleRNNClassifier
from sktime.regression.deep_learning import SimpleRNNRegressor


class Peer(Rival):
    """The classifier or the regressor."""

    def read(self):
        """Return arrays, since it refuses rows of different lengths."""
        return self.series.even()

    def make(self, seed):
        """Return an estimator."""
        make = SimpleRNNClassifier if self.series.is_classes else SimpleRNNRegressor
        return make(random_state=seed)


if __name__ == "__main__":
    serve(Peer())
