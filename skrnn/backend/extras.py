"""Packages that only some functions need, and that may be missing."""


def missing(user, package, *, extra=None):
    """Return the error to raise if a package is not installed.

    Parameters
    ----------
    user : str
        The function or class that needs the package.
    package : str
        Name of the package.
    extra : str or None, default=None
        The extra of skrnn that installs the package; None if there is none.

    Returns
    -------
    ImportError

    Examples
    --------
    >>> from skrnn.backend.extras import missing
    >>> missing("CorpusDisplay", "matplotlib", extra="plot")
    ImportError('CorpusDisplay needs matplotlib. Install it with: pip install "skrnn[plot]"')
    """
    # Double quotes: cmd.exe knows no others.
    wanted = package if extra is None else f'"skrnn[{extra}]"'
    return ImportError(f"{user} needs {package}. Install it with: pip install {wanted}")
