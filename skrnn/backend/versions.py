"""Versions of installed packages, whatever the distribution is called that installed them."""

import functools
import importlib.metadata
import sys

# The module of a package whose usual distribution has another name.
_MODULES = {"scikit-learn": "sklearn"}


def version_of(package):
    """Return the version of a package, or None if that cannot be known.

    The same package may come from distributions of several names (``tensorflow``,
    ``tensorflow-cpu``, ``tf-nightly``), or from a folder without metadata. The metadata come
    first, so that the answer does not depend on whether the package is loaded already.

    Parameters
    ----------
    package : str
        The usual name of its distribution, such as "scikit-learn".

    Returns
    -------
    str or None

    Examples
    --------
    >>> import numpy
    >>> from skrnn.backend.versions import version_of
    >>> version_of("numpy") == numpy.__version__
    True
    >>> version_of("no-such-package") is None
    True
    """
    module = _MODULES.get(package, package)
    found = _of_distribution(package) or _of_module_in_distributions(module)
    if found is None:
        found = getattr(sys.modules.get(module), "__version__", None)
    return None if found is None else str(found)


def _of_distribution(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _of_module_in_distributions(module):
    """Return the version of the first distribution that has files of a module."""
    return next(filter(None, versions_of_module(module)), None)


def versions_of_module(module):
    """Return the versions of all distributions that have files of a module, in order of name."""
    return [_of_distribution(name) for name in sorted(set(_distributions().get(module, ())))]


@functools.cache
def _distributions():
    # Reads the list of files of every distribution, so only if the usual name is missing.
    return importlib.metadata.packages_distributions()
