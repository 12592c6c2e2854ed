"""
How do I save and deploy a model?
=================================

:func:`skrnn.save` writes a fitted pipeline to a file that contains data and no code, and
:func:`skrnn.load` reads it, and predicts without TensorFlow. :func:`skrnn.to_onnx` creates a model
for other runtimes and languages.
"""

# %%
# A fitted pipeline
# -----------------
import tempfile
from pathlib import Path

from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_reviews

reviews, labels = make_reviews(2000, random_state=0)
network = RNNClassifier(
    cell="gru",
    units=16,
    pooling="last",
    embeddings=None,
    ngram_range=None,
    word_dropout=0.0,
    embedding_dropout=0.0,
    dropout=0.0,
    learning_rate=0.01,
    learning_rate_decay=0.0,
    epochs=8,
    random_state=0,
)
pipe = make_pipeline(TextToSequence(), network).fit(reviews, labels)
folder = Path(tempfile.mkdtemp())

# %%
# Another Python process
# ----------------------
# It is safe to load files from untrusted sources: no code in the file runs, and its content is
# checked.
import skrnn

skrnn.save(pipe, folder / "reviews.skrnn")
same = skrnn.load(folder / "reviews.skrnn")
texts = ["The music was not dull at all.", "The plot was rather clumsy."]
print("same bytes:", (same.predict_proba(texts) == pipe.predict_proba(texts)).all())

# %%
# A service loads the model once and predicts from several threads at the same time:
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor(2) as pool:
    answers = pool.map(lambda text: same.predict_proba([text])[0, 1], texts)
    print([f"{answer:.3f}" for answer in answers])

# %%
# A damaged file raises an error that says what is wrong with it.
data = bytearray((folder / "reviews.skrnn").read_bytes())
data[len(data) // 2] ^= 1
(folder / "damaged.skrnn").write_bytes(data)
try:
    skrnn.load(folder / "damaged.skrnn")
except skrnn.InvalidFileError as error:
    print(str(error).replace(str(folder), "folder"))

# %%
# A process without skrnn
# -----------------------
# The input of the ONNX model is words, because ONNX has no regular expressions. The analyzer of a
# ``TextToSequence`` with the same parameters splits the texts into words. This needs
# ``pip install "skrnn[onnx]" onnxruntime``.
try:
    import onnxruntime

    from skrnn.onnx import pad_words

    model = skrnn.to_onnx(pipe)
    (folder / "reviews.onnx").write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(
        folder / "reviews.onnx", providers=["CPUExecutionProvider"]
    )
    words = pad_words(map(TextToSequence().build_analyzer(), texts))
    label, probabilities = session.run(["label", "probabilities"], {"words": words})
    print("onnxruntime:", label, probabilities.astype(float).round(3).tolist())
    print("skrnn:      ", pipe.predict(texts), pipe.predict_proba(texts).round(3).tolist())
except ImportError as error:
    print(f"Not shown here: {error}")
