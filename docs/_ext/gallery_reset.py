"""What the gallery does between two examples: all of them run in one process."""

import sklearn


def reset(gallery_conf, fname):
    """Take back what an example set for the whole process.

    Parameters
    ----------
    gallery_conf : dict
        Settings of sphinx-gallery; not used.
    fname : str
        The example that comes next or has ended; not used.
    """
    sklearn.set_config(enable_metadata_routing=False)
