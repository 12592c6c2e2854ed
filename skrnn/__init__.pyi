# What type checkers see in place of the lazy loading in __init__.py; tests/test_typing.py holds the
# two together.
from skrnn.baselines import make_nbsvm as make_nbsvm
from skrnn.baselines import make_tfidf_logistic as make_tfidf_logistic
from skrnn.comparison import compare as compare
from skrnn.datasets import fetch_imdb as fetch_imdb
from skrnn.datasets import fetch_vectors as fetch_vectors
from skrnn.datasets import load_imdb as load_imdb
from skrnn.datasets import make_reviews as make_reviews
from skrnn.datasets import make_tagged_sentences as make_tagged_sentences
from skrnn.estimators import AdversarialLoss as AdversarialLoss
from skrnn.estimators import Checkpoint as Checkpoint
from skrnn.estimators import DocumentVectorizer as DocumentVectorizer
from skrnn.estimators import EntropyLoss as EntropyLoss
from skrnn.estimators import RNNClassifier as RNNClassifier
from skrnn.estimators import RNNRegressor as RNNRegressor
from skrnn.estimators import RNNTagger as RNNTagger
from skrnn.estimators import VirtualAdversarialLoss as VirtualAdversarialLoss
from skrnn.exceptions import InvalidFileError as InvalidFileError
from skrnn.inspection import explain as explain
from skrnn.inspection import trace as trace
from skrnn.network import build_network as build_network
from skrnn.onnx import to_onnx as to_onnx
from skrnn.persistence import load as load
from skrnn.persistence import save as save
from skrnn.search import EpochSearchCV as EpochSearchCV
from skrnn.sequences import from_channels_first as from_channels_first
from skrnn.text import HashingTextToSequence as HashingTextToSequence
from skrnn.text import TextToSequence as TextToSequence
from skrnn.text import TextWithColumns as TextWithColumns

__version__: str
__all__: list[str]
