"""Download a file with pooch: it is in its place only once it is whole."""

import os
import tempfile
import time
from pathlib import Path

from skrnn.backend.extras import missing
from skrnn.sequences.warning import warn_caller


def download(
    url, path, *, user, what, n_retries, delay, known_hash=None, check=None, own_folder="its folder"
):
    """Download to a temporary file that replaces `path` only if it is right.

    Parameters
    ----------
    url : str
    path : Path
        Its folder is made.
    user, what : str
        The function that needs the file, and what is in it, for errors.
    n_retries : int
        Number of retries if the download fails or is not right. An answer that says that there is
        no such file, or that it may not be read (status 4xx), is not asked for again.
    delay : float
        Number of seconds between retries.
    known_hash : str or None, default=None
        Of the right file, as in pooch.
    check : callable or None, default=None
        Raises ValueError for the path of a file that is not right.
    own_folder : str, default="its folder"
        What SKRNN_DATA is to be set to after a download by hand.

    Raises
    ------
    OSError
        If all attempts fail.
    ImportError
        If pooch is not installed.
    """
    try:
        import pooch
        from requests.exceptions import RequestException  # comes with pooch
    except ImportError as error:
        raise ImportError(
            f"{missing(user, 'pooch', extra='data')}. Or download {url} by hand, and set the "
            f"environment variable SKRNN_DATA to {own_folder}."
        ) from error
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, n_retries + 2):
        try:
            with tempfile.TemporaryDirectory(prefix="download-", dir=path.parent) as folder:
                found = pooch.retrieve(url, known_hash=known_hash, fname=path.name, path=folder)
                if check is not None:
                    check(found)
                os.replace(found, path)
            return
        except (RequestException, ValueError) as error:  # ValueError: not the right file
            status = getattr(getattr(error, "response", None), "status_code", 0)
            if attempt > n_retries or 400 <= status < 500:
                raise OSError(
                    f"{what} could not be downloaded from {url} to {str(path)!r} in {attempt} "
                    f"attempts: {error}. Try again later, or download the file by hand and set "
                    f"the environment variable SKRNN_DATA to {own_folder}."
                ) from error
            warn_caller(f"Retry downloading from {url}: {error}", UserWarning)
            time.sleep(delay)
