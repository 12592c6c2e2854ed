"""skrnn's estimators with nothing set but the seed."""

from protocol import serve
from series_file import Rival

import skrnn


class Peer(Rival):
    """The classifier or the regressor."""

    def read(self):
        """Return lists of arrays of shape (n_timesteps, n_channels)."""
        return self.series.parts

    def make(self, seed):
        """Return an estimator."""
        make = skrnn.RNNClassifier if self.series.is_classes else skrnn.RNNRegressor
        return make(random_state=seed, **self.settings.get("parameters", {}))


if __name__ == "__main__":
    serve(Peer())
