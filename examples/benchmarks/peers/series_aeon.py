"""aeon's MiniRocket, Rocket and nearest neighbors, with its defaults.

The Rockets are features of 10,000 random convolutions and a ridge model on them. They need rows of
one length, and of at least as many steps as a kernel has.
"""

from aeon.classification.convolution_based import MiniRocketClassifier, RocketClassifier
from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
from aeon.regression.convolution_based import MiniRocketRegressor, RocketRegressor
from aeon.regression.distance_based import KNeighborsTimeSeriesRegressor
from protocol import serve
from series_file import Rival

CLASSES = {
    "minirocket": (MiniRocketClassifier, MiniRocketRegressor),
    "rocket": (RocketClassifier, RocketRegressor),
    "dtw": (KNeighborsTimeSeriesClassifier, KNeighborsTimeSeriesRegressor),
}
LONGEST_KERNEL = {"minirocket": 9, "rocket": 11}


class Peer(Rival):
    """One of the three."""

    def read(self):
        """Return the form that it reads."""
        kind = self.settings["kind"]
        if kind == "dtw":
            return self.series.channels_first()
        return self.series.even(least=LONGEST_KERNEL[kind])

    def make(self, seed):
        """Return an estimator on all cores."""
        kind = self.settings["kind"]
        make = CLASSES[kind][0 if self.series.is_classes else 1]
        if kind == "dtw":
            return make(distance="dtw", n_neighbors=1, n_jobs=-1)
        return make(random_state=seed, n_jobs=-1)


if __name__ == "__main__":
    serve(Peer())
