"""scikit-learn without time: a random forest on all values, an SVM on statistics, a constant."""

from protocol import serve
from series_file import Rival
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR


class Peer(Rival):
    """One of the three."""

    def read(self):
        """Return tables."""
        is_statistics = self.settings["kind"] == "statistics"
        return self.series.statistics() if is_statistics else self.series.flat()

    def make(self, seed):
        """Return an estimator."""
        kind, is_classes = self.settings["kind"], self.series.is_classes
        if kind == "forest":
            make = RandomForestClassifier if is_classes else RandomForestRegressor
            return make(random_state=seed, n_jobs=-1)
        if kind == "statistics":
            return make_pipeline(StandardScaler(), SVC() if is_classes else SVR())
        return DummyClassifier() if is_classes else DummyRegressor()


if __name__ == "__main__":
    serve(Peer())
