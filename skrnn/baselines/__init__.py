"""Linear baselines for a recurrent network: tf-idf with logistic regression, and NB-SVM.

Both are scikit-learn pipelines from documents (strings) to labels. They are fitted in seconds, and
need neither TensorFlow nor Keras. A network is worth its training time if it beats them.
"""

from skrnn.baselines.log_count_ratio import LogCountRatio
from skrnn.baselines.nbsvm import NBSVMClassifier
from skrnn.baselines.pipelines import make_nbsvm, make_tfidf_logistic

__all__ = ["LogCountRatio", "NBSVMClassifier", "make_nbsvm", "make_tfidf_logistic"]
