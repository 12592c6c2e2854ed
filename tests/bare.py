"""The network alone: what tests start from that are not about the defaults."""

NETWORK = {
    "bidirectional": False,
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "dropout": 0.0,
}
ESTIMATOR = {
    **NETWORK,
    "embeddings": None,
    "ngram_range": None,
    "n_kernels": None,
    "learning_rate_decay": 0.0,
}
