"""The IMDb film reviews of Maas et al. (2011), read from disk or downloaded."""

import gzip
import hashlib
import os
import re
import tarfile
import zlib
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.datasets import get_data_home
from sklearn.utils import Bunch, check_random_state

from skrnn._sklearn_compat import Interval, StrOptions, validate_params
from skrnn.datasets.downloading import download
from skrnn.paths import local_path

_URL = "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
_MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
_ARCHIVE, _FOLDER = "aclImdb_v1.tar.gz", "aclImdb"

_TARGETS = {"neg": 0, "pos": 1, "unsup": -1}
_PARTS = {
    "train": [("train", "neg"), ("train", "pos")],
    "test": [("test", "neg"), ("test", "pos")],
    "all": [("train", "neg"), ("train", "pos"), ("test", "neg"), ("test", "pos")],
    "unsup": [("train", "unsup")],
}
# No other names are read; '..', absolute paths and other folders do not match.
_MEMBER = re.compile(r"(?:\./)?aclImdb/(train|test)/(neg|pos|unsup)/([0-9]{1,9})_([0-9]{1,2})\.txt")
_FILE = re.compile(r"([0-9]{1,9})_([0-9]{1,2})\.txt")
# The longest review has 14 kB. A much larger file is not a review, and could fill the memory.
_MAX_BYTES = 1 << 20

_DESCR = """\
IMDb film reviews (Large Movie Review Dataset v1.0)
---------------------------------------------------

=================   ================================================
Classes             2: neg (at most 4 stars of 10), pos (at least 7)
Samples, labelled   25,000 for training, 25,000 for testing
Samples, unsup      50,000 without a label (target -1)
Features            text, English
=================   ================================================

Both halves hold as many favourable as unfavourable reviews, at most 30 of one film, and no
film is in both. The number after the underscore in a file name is the review's number of
stars (0 in the unlabelled part).

Source: https://ai.stanford.edu/~amaas/data/sentiment/

Andrew L. Maas, Raymond E. Daly, Peter T. Pham, Dan Huang, Andrew Y. Ng and Christopher
Potts (2011). Learning Word Vectors for Sentiment Analysis. Proceedings of the 49th Annual
Meeting of the Association for Computational Linguistics, 142-150.
"""

_SHARED_CONSTRAINTS = {
    "subset": [StrOptions(set(_PARTS))],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "return_X_y": ["boolean"],
}


class _DamagedError(Exception):
    """What is wrong in the archive or folder; `load_imdb` adds its path."""


class _BoundedGzip(gzip.GzipFile):
    """A gzip file of which no more than `_MAX_BYTES` are read at once.

    `tarfile` reads an extended header whole, and a few compressed kilobytes can be gigabytes.
    """

    def read(self, size=-1):
        if size > _MAX_BYTES:
            raise _DamagedError(f"it has a header of {size} bytes")
        return super().read(size)


def _read_archive(path, parts):
    """Read the reviews of `parts` into a dict {(part, number, stars): bytes}.

    Only plain files with the name of a review are read: no links, devices or sparse files.
    """
    found = {}
    try:
        with _BoundedGzip(path) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in tar:
                match = _MEMBER.fullmatch(member.name)
                is_plain = member.isreg() and not member.issparse()
                if match and is_plain and match.group(1, 2) in parts:
                    part = parts.index(match.group(1, 2))
                    # As in extracting, the last of several members of one name counts.
                    found[part, int(match[3]), int(match[4])] = _read_member(stream, member)
            _check_end(stream, tar.offset)
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise _DamagedError(str(error)) from error
    return found


def _read_member(stream, member):
    if member.size < 0:
        raise _DamagedError("it has an unreadable tar header")
    if member.size > _MAX_BYTES:
        raise _DamagedError(f"{member.name} has {member.size} bytes, too many for a review")
    stream.seek(member.offset_data)  # several times as fast as tarfile's `extractfile`
    content = stream.read(member.size)
    if len(content) < member.size:
        raise _DamagedError(f"it ends in the middle of {member.name}")
    return content


def _check_end(stream, offset):
    """Raise an error if a tar archive does not end at `offset`, and read the rest of the stream.

    `tarfile` takes a damaged header, or none at all, for the end; gzip compares its checksum only
    if everything has been read.
    """
    stream.seek(offset)
    mark = stream.read(tarfile.BLOCKSIZE)
    if len(mark) < tarfile.BLOCKSIZE:
        raise _DamagedError("it ends before its end mark")
    if any(mark):
        raise _DamagedError("it has an unreadable tar header")
    while stream.read(_MAX_BYTES):
        pass


def _read_folder(path, parts):
    """Read the reviews of `parts` as `_read_archive` does, from an extracted folder."""
    found = {}
    for part, (half, label) in enumerate(parts):
        try:
            entries = list(os.scandir(path / half / label))
        except (FileNotFoundError, NotADirectoryError):
            continue  # load_imdb raises an error if a part has no reviews
        for entry in entries:
            match = _FILE.fullmatch(entry.name)
            if match and entry.is_file(follow_symlinks=False):
                with open(entry.path, "rb") as file:
                    content = file.read(_MAX_BYTES + 1)
                if len(content) > _MAX_BYTES:
                    raise _DamagedError(
                        f"{half}/{label}/{entry.name} has more than {_MAX_BYTES} bytes, "
                        "too many for a review"
                    )
                found[part, int(match[1]), int(match[2])] = content
    return found


def _is_extracted(folder):
    return any((folder / half).is_dir() for half in ("train", "test"))


def _locate(path):
    """Return the path of the archive or of the extracted folder at or in `path`."""
    path = Path(local_path(path, "path of load_imdb")).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        if _is_extracted(path):
            return path
        # The archive first: it has a checksum, and an extraction may have been interrupted.
        if (path / _ARCHIVE).is_file():
            return path / _ARCHIVE
        if _is_extracted(path / _FOLDER):
            return path / _FOLDER
        problem = f"The folder {str(path)!r} has no IMDb reviews"
    else:
        problem = f"There is no file or folder {str(path)!r}"
    raise FileNotFoundError(
        f"{problem}. Pass the path of {_ARCHIVE} (from {_URL}), of the folder {_FOLDER} extracted "
        "from it (with train/ and test/), or of a folder that contains one of the two."
    )


@validate_params(
    {"path": [str, os.PathLike], **_SHARED_CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def load_imdb(
    path: str | os.PathLike,
    *,
    subset: str = "train",
    shuffle: bool = True,
    random_state: int | np.random.RandomState | None = 42,
    return_X_y: bool = False,
) -> Bunch | tuple[list[str], np.ndarray]:
    """Load the IMDb film reviews from their archive or folder (classification).

    An archive is read into memory and not extracted. Only regular files that
    have the name of a review are read: links, devices and paths to other places
    are ignored.

    Parameters
    ----------
    path : str or path-like
        The archive ``aclImdb_v1.tar.gz``, the folder ``aclImdb`` extracted from
        it, or a folder that contains one of these. If it contains both, the
        archive is read. A leading ``~`` is the home directory.

    subset : {'train', 'test', 'all', 'unsup'}, default='train'
        The reviews to load: 'train' and 'test' have 25,000 labelled reviews
        each, 'all' is both together, and 'unsup' has 50,000 without a label.

    shuffle : bool, default=True
        Whether to shuffle the reviews. If False, they are sorted by half
        (train, test), label (neg, pos) and number, so that the first and the
        last reviews are of one class only. The order does not depend on the
        archive or the file system.

    random_state : int, RandomState instance or None, default=42
        Determines the shuffling. Pass an int for the same order at every call.
        With None, the order is different each time; NumPy's global generator is
        not used.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : list of str, of length n_samples
            The reviews, including their HTML line breaks.
        target : ndarray of shape (n_samples,), dtype int64
            0 for a negative and 1 for a positive review, -1 for the subset
            'unsup'.
        target_names : list of str
            ``["neg", "pos"]``.
        filenames : ndarray of shape (n_samples,), dtype str
            The names of the files, for example ``"aclImdb/train/pos/127_7.txt"``.
            The second number is the number of stars that the review gives.
        DESCR : str
            The description of the data set.

    (data, target) : tuple if `return_X_y=True`
        The list and the array described above.

    Raises
    ------
    FileNotFoundError
        If `path` does not exist, or a class of the subset has no reviews.
    OSError
        If the archive is damaged or truncated, or a review is not UTF-8 or is
        longer than 1 MiB.

    See Also
    --------
    fetch_imdb : Download the archive if necessary, then load it.
    make_reviews : Generated reviews, which need no file and no download.

    References
    ----------
    .. [1] Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y. and Potts, C. (2011).
       "Learning Word Vectors for Sentiment Analysis". Proc. 49th Annual Meeting of the ACL,
       142-150. https://ai.stanford.edu/~amaas/data/sentiment/

    Examples
    --------
    >>> from skrnn import load_imdb
    >>> reviews, target = load_imdb("aclImdb_v1.tar.gz", return_X_y=True)  # doctest: +SKIP
    >>> len(reviews), target.mean()  # doctest: +SKIP
    (25000, 0.5)
    """
    location = _locate(path)
    parts = _PARTS[subset]
    try:
        found = (_read_archive if location.is_file() else _read_folder)(location, parts)
        keys = sorted(found)
        names = [f"{_FOLDER}/{'/'.join(parts[i])}/{n}_{stars}.txt" for i, n, stars in keys]
        data = [_decode(found.pop(key), name) for key, name in zip(keys, names, strict=True)]
    except _DamagedError as error:
        raise OSError(
            f"The IMDb reviews in {str(location)!r} cannot be read: {error}. "
            f"Download {_ARCHIVE} again from {_URL}, or extract it again."
        ) from error
    part = np.array([key[0] for key in keys], dtype=np.int64)
    counts = np.bincount(part, minlength=len(parts))
    if not counts.all():
        listing = ", ".join(f"{c} in {'/'.join(p)}" for p, c in zip(parts, counts, strict=True))
        raise FileNotFoundError(
            f"Reviews are missing for subset={subset!r} in {str(location)!r}: found {listing}. "
            f"The files should have names like {_FOLDER}/{'/'.join(parts[0])}/0_3.txt. "
            f"Choose another subset, or download the whole {_ARCHIVE} from {_URL}."
        )
    target = np.array([_TARGETS[label] for _, label in parts], dtype=np.int64)[part]
    filenames = np.array(names)
    if shuffle:
        order = np.arange(len(data))
        # check_random_state(None) would return NumPy's global generator and change its state.
        rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
        rng.shuffle(order)
        data = [data[i] for i in order]
        target, filenames = target[order], filenames[order]
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=["neg", "pos"],
        filenames=filenames,
        DESCR=_DESCR,
    )


def _decode(content, name):
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _DamagedError(f"{name} is not UTF-8 text ({error})") from error


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        **_SHARED_CONSTRAINTS,
        "download_if_missing": ["boolean"],
        "n_retries": [Interval(Integral, 1, None, closed="left")],
        "delay": [Interval(Real, 0.0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def fetch_imdb(
    *,
    data_home: str | os.PathLike | None = None,
    subset: str = "train",
    shuffle: bool = True,
    random_state: int | np.random.RandomState | None = 42,
    return_X_y: bool = False,
    download_if_missing: bool = True,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Bunch | tuple[list[str], np.ndarray]:
    """Load the IMDb film reviews (classification), downloading them if necessary.

    If the environment variable ``SKRNN_DATA`` is set, it must name a folder that
    contains the archive ``aclImdb_v1.tar.gz`` or the extracted folder
    ``aclImdb``. The reviews are loaded from there, and `data_home` is ignored.
    Nothing is downloaded, and the MD5 checksum is not verified.

    Otherwise the archive (84 MB) is downloaded once and kept in ``imdb_home`` in
    `data_home`. Its MD5 checksum is verified at each call, and an archive that
    does not match is downloaded again. Downloading needs pooch:
    ``pip install "skrnn[data]"``.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder for downloaded data sets. None is the folder of scikit-learn:
        ``~/scikit_learn_data``, or the environment variable
        ``SCIKIT_LEARN_DATA``.

    subset : {'train', 'test', 'all', 'unsup'}, default='train'
        The reviews to load, as in :func:`load_imdb`.

    shuffle : bool, default=True
        Whether to shuffle the reviews, as in :func:`load_imdb`.

    random_state : int, RandomState instance or None, default=42
        Determines the shuffling, as in :func:`load_imdb`.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    download_if_missing : bool, default=True
        If False, raise an OSError if the archive has not been downloaded yet.

    n_retries : int, default=3
        Number of retries if the download fails or does not match the checksum.

    delay : float, default=1.0
        Number of seconds between retries.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With ``data`` (list of str), ``target`` (ndarray of shape (n_samples,),
        dtype int64), ``target_names``, ``filenames`` and ``DESCR``, as from
        :func:`load_imdb`.

    (data, target) : tuple if `return_X_y=True`
        The reviews and their labels.

    Raises
    ------
    OSError
        If the archive is missing and `download_if_missing` is False, or if the
        download fails `n_retries` + 1 times.
    FileNotFoundError
        If ``SKRNN_DATA`` is set, but there are no IMDb reviews.
    ImportError
        If the archive has to be downloaded and pooch is not installed.

    See Also
    --------
    load_imdb : Load an archive or folder that you have.
    make_reviews : Generated reviews, which need no file and no download.

    References
    ----------
    .. [1] Maas, A. L., Daly, R. E., Pham, P. T., Huang, D., Ng, A. Y. and Potts, C. (2011).
       "Learning Word Vectors for Sentiment Analysis". Proc. 49th Annual Meeting of the ACL,
       142-150. https://ai.stanford.edu/~amaas/data/sentiment/

    Examples
    --------
    >>> from skrnn import fetch_imdb
    >>> train = fetch_imdb(subset="train")  # doctest: +SKIP
    >>> test = fetch_imdb(subset="test")  # doctest: +SKIP
    """
    options = {
        "subset": subset,
        "shuffle": shuffle,
        "random_state": random_state,
        "return_X_y": return_X_y,
    }
    own_folder = os.environ.get("SKRNN_DATA")
    if own_folder:
        try:
            return load_imdb(own_folder, **options)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error} This is the path in the environment variable SKRNN_DATA; unset it to "
                "download the reviews instead."
            ) from error
    data_home = get_data_home(local_path(data_home, "data_home of fetch_imdb"))
    archive = Path(data_home) / "imdb_home" / _ARCHIVE
    if not _is_official(archive):
        if not download_if_missing:
            state = "does not match its MD5 checksum" if archive.is_file() else "is not there"
            raise OSError(
                f"IMDb reviews not found: {str(archive)!r} {state}, and download_if_missing is "
                f"False. Set it to True, or set the environment variable SKRNN_DATA to a folder "
                f"that contains {_ARCHIVE}."
            )
        _download(archive, n_retries, delay)
    return load_imdb(archive, **options)


def _is_official(archive):
    if not archive.is_file():
        return False
    with open(archive, "rb") as file:
        # Without usedforsecurity=False, MD5 is refused on machines in FIPS mode.
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest() == _MD5


def _download(archive, n_retries, delay):
    """Download to a temporary file that replaces `archive` only if its MD5 is right."""
    download(
        _URL,
        archive,
        user="fetch_imdb",
        what="The IMDb reviews",
        n_retries=n_retries,
        delay=delay,
        known_hash=f"md5:{_MD5}",
    )
