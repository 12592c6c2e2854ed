"""Pretrained word vectors of GloVe and fastText, read from disk or downloaded."""

import os
import re
import zipfile
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from sklearn.datasets import get_data_home

from skrnn._sklearn_compat import Interval, validate_params
from skrnn.datasets.downloading import download
from skrnn.embeddings import WordVectors
from skrnn.embeddings.vectors import words_of
from skrnn.exceptions import InvalidInputError
from skrnn.paths import local_path

_STANFORD = "https://nlp.stanford.edu/data"
_FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext"
_FOLDER = "vectors_home"
# The codes of languages are those of fastText's page, of two or three letters.
_CRAWL = re.compile(r"cc\.([a-z]{2,3})\.300")


@dataclass(frozen=True)
class _Source:
    """Where vectors are: in the file `text`, packed as `archive`, at `url`."""

    url: str
    text: str

    @property
    def archive(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def is_zip(self) -> bool:
        return self.archive.endswith(".zip")


_SOURCES = {
    **{
        f"glove.6B.{dim}d": _Source(f"{_STANFORD}/glove.6B.zip", f"glove.6B.{dim}d.txt")
        for dim in (50, 100, 200, 300)
    },
    **{
        f"glove.twitter.27B.{dim}d": _Source(
            f"{_STANFORD}/glove.twitter.27B.zip", f"glove.twitter.27B.{dim}d.txt"
        )
        for dim in (25, 50, 100, 200)
    },
    **{
        name: _Source(f"{_FASTTEXT}/vectors-english/{name}.vec.zip", f"{name}.vec")
        for name in ("wiki-news-300d-1M", "crawl-300d-2M")
    },
}


@validate_params(
    {
        "name": [str],
        "words": "no_validation",  # by words_of
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "n_retries": [Interval(Integral, 1, None, closed="left")],
        "delay": [Interval(Real, 0.0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def fetch_vectors(
    name: str,
    *,
    words: Any = None,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
) -> WordVectors:
    """Load pretrained word vectors, downloading them if necessary.

    The file is read as a stream, up to the last vector that is needed. Only the vectors that are
    kept are in memory, and archives are not unpacked to the disk.

    A file that is there is used without a download: in the folder that the environment variable
    ``SKRNN_DATA`` names, then in `data_home`. In both, it may also be in a folder ``vectors_home``.
    It is the archive as it is downloaded (``glove.6B.zip``), or the file of vectors, plain
    (``glove.6B.100d.txt``) or compressed with gzip. If ``SKRNN_DATA`` is set, nothing is
    downloaded.

    Otherwise the archive is downloaded once and kept in ``vectors_home`` in `data_home`.
    Downloading needs pooch: ``pip install "skrnn[data]"``.

    Parameters
    ----------
    name : str
        One of

        - "glove.6B.50d", "glove.6B.100d", "glove.6B.200d", "glove.6B.300d": GloVe [1]_ of Wikipedia
          and news, 400,000 words in lower case. The four are in one archive;
        - "glove.twitter.27B.25d", "glove.twitter.27B.50d", "glove.twitter.27B.100d",
          "glove.twitter.27B.200d": GloVe of tweets, 1.2 million words in lower case, in one
          archive;
        - "wiki-news-300d-1M": fastText [2]_ of Wikipedia and news, 1 million English words;
        - "crawl-300d-2M": fastText of Common Crawl, 2 million English words;
        - "cc.en.300", "cc.de.300", ...: fastText of Common Crawl and Wikipedia in 157 languages
          [3]_, by the code of the language.

    words : iterable of str, fitted TextToSequence, int or None, default=None
        The words to read:

        - the words themselves, such as a list or `vocabulary_`. "paris" gets the vector of "Paris"
          if it has none (see :func:`skrnn.embeddings.read_embeddings`). Words without a vector are
          left out;
        - a fitted :class:`skrnn.TextToSequence`, for the words of its vocabulary;
        - an int for the first words of the file, which are the most frequent ones;
        - None for all words, which takes up to some GB of memory: 4 bytes for each number.

    data_home : str or path-like, default=None
        Folder for downloaded files. None is the folder of scikit-learn: ``~/scikit_learn_data``, or
        the environment variable ``SCIKIT_LEARN_DATA``.

    download_if_missing : bool, default=True
        If False, raise an OSError if the file is not there.

    n_retries : int, default=3
        Number of retries if the download fails.

    delay : float, default=1.0
        Number of seconds between retries.

    Returns
    -------
    vectors : skrnn.embeddings.WordVectors
        A mapping of words to vectors of float32, in the order of `words` or of the file. It is what
        `embeddings` of :class:`skrnn.RNNClassifier` takes, and `extra_words` of
        :class:`skrnn.TextToSequence`.

    Raises
    ------
    ValueError
        If `name` is unknown, `words` is empty, none of the words has a vector, or a file that is
        read is damaged.
    OSError
        If the file is missing and `download_if_missing` is False, or the download fails.
    FileNotFoundError
        If ``SKRNN_DATA`` is set, but the file is neither there nor in `data_home`.
    ImportError
        If the file has to be downloaded and pooch is not installed.

    See Also
    --------
    skrnn.embeddings.WordVectors.from_file : Reads any other file of vectors.
    skrnn.embeddings.read_embeddings : Describes the formats, and how words are looked up.

    Notes
    -----
    No official digests of these files are known here, so none is compared. Archives contain
    checksums (CRC-32), which are verified if a file is read to its end, as for ``words=None`` and
    if a word has no vector. Delete an archive that is reported as damaged: the next call downloads
    it again.

    The vectors of GloVe are in the public domain (PDDL), those of fastText under the license CC
    BY-SA 3.0.

    References
    ----------
    .. [1] J. Pennington, R. Socher, C. D. Manning, "GloVe: Global Vectors for Word
       Representation", EMNLP 2014. https://nlp.stanford.edu/projects/glove/
    .. [2] T. Mikolov, E. Grave, P. Bojanowski, C. Puhrsch, A. Joulin, "Advances in Pre-Training
       Distributed Word Representations", LREC 2018. https://fasttext.cc/docs/en/english-vectors
    .. [3] E. Grave, P. Bojanowski, P. Gupta, A. Joulin, T. Mikolov, "Learning Word Vectors for 157
       Languages", LREC 2018. https://fasttext.cc/docs/en/crawl-vectors

    Examples
    --------
    >>> from skrnn import RNNClassifier, TextToSequence, fetch_vectors
    >>> vectors = fetch_vectors("glove.6B.100d", words=50_000)  # doctest: +SKIP
    >>> vectors  # doctest: +SKIP
    WordVectors(50,000 words, 100 dimensions)
    >>> text = TextToSequence(extra_words=vectors)  # doctest: +SKIP
    >>> rnn = RNNClassifier(embeddings=vectors)  # doctest: +SKIP
    """
    source = _source_of(name)
    wanted = words_of(words)  # before a download
    own_folder = os.environ.get("SKRNN_DATA")
    found = _find(Path(own_folder).expanduser(), source) if own_folder else None
    if found is None:
        home = Path(get_data_home(local_path(data_home, "data_home of fetch_vectors")))
        found = _find(home, source)
    if found is None:
        if own_folder:
            raise FileNotFoundError(
                f"There is no {source.archive} or {source.text} in {own_folder!r}, the folder in "
                f"the environment variable SKRNN_DATA, nor in {str(home)!r}. Copy {source.url} "
                "there, or unset SKRNN_DATA to download it."
            )
        found = home / _FOLDER / source.archive
        if not download_if_missing:
            raise OSError(
                f"Vectors not found: {str(found)!r} is not there, and download_if_missing is "
                "False. Set it to True, or set the environment variable SKRNN_DATA to a folder "
                f"that contains {source.archive} or {source.text}."
            )
        download(
            source.url,
            found,
            user="fetch_vectors",
            what=f"The vectors {name!r}",
            n_retries=n_retries,
            delay=delay,
            check=_check,
        )
    in_archive = found.name == source.archive and source.is_zip
    return WordVectors.from_file(found, wanted, member=source.text if in_archive else None)


def _source_of(name):
    crawl = _CRAWL.fullmatch(name)
    if crawl:
        return _Source(f"{_FASTTEXT}/vectors-crawl/{name}.vec.gz", f"{name}.vec")
    if name not in _SOURCES:
        raise InvalidInputError(
            f"There are no vectors of the name {name!r}. Choose {', '.join(_SOURCES)}, or "
            "cc.<language>.300 with a code of fastText's, such as cc.en.300. For a file of your "
            "own, call WordVectors.from_file(path)."
        )
    return _SOURCES[name]


def _find(folder, source):
    """Return the path of the vectors in a folder, or None."""
    # Archives first: they have checksums, and unpacking may have been interrupted.
    names = dict.fromkeys((source.archive, f"{source.text}.gz", source.text))
    for place in (folder / _FOLDER, folder):
        for name in names:
            if (place / name).is_file():
                return place / name
    return None


def _check(path):
    """Raise ValueError if a file is not a whole archive, such as a page of errors."""
    if not path.endswith(".zip"):
        with open(path, "rb") as file:
            start = file.read(2)
        if start != b"\x1f\x8b":
            raise InvalidInputError("what was sent is no gzip file")
    elif not zipfile.is_zipfile(path):  # its directory is at the end
        raise InvalidInputError("what was sent is no whole zip file")
