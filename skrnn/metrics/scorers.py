"""Scorers for cross-validation and searches, made of the metrics with their defaults.

``make_scorer(span_f1_score, average="macro")`` makes others.
"""

from sklearn.metrics import make_scorer

from skrnn.metrics.span_scores import span_f1_score, span_precision_score, span_recall_score
from skrnn.metrics.steps import sequence_accuracy_score, token_accuracy_score

token_accuracy_scorer = make_scorer(token_accuracy_score)
sequence_accuracy_scorer = make_scorer(sequence_accuracy_score)
span_f1_scorer = make_scorer(span_f1_score)
span_precision_scorer = make_scorer(span_precision_score)
span_recall_scorer = make_scorer(span_recall_score)
