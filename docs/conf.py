"""Sphinx builds the pages: ``sphinx-build -W --keep-going -b html docs docs/_build/html``."""

import inspect
import os
import sys
from pathlib import Path

import skrnn

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
# Examples write files; they go where the build's own go. Examples that start processes find the
# package because it is installed.
os.environ.setdefault("MPLBACKEND", "agg")

project = "skrnn"
author = "The skrnn developers"
copyright = "2026, The skrnn developers"
version = release = skrnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "shown_pages",
]
exclude_patterns = ["_build", "_ext", "_templates", "gallery/*.ipynb", "gallery/*.py"]
templates_path = ["_templates"]
default_role = None
# Whose blocks' results are shown; running them takes about two minutes.
shown_pages = ["quickstart", "explaining", "inside_a_network"]

# --- Markdown ---------------------------------------------------------------------------

# The pages are read on a code host too: only what GitHub also understands, but for the cards.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4

# --- The API ----------------------------------------------------------------------------

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"  # numpydoc's sections have the types
autodoc_preserve_defaults = True  # the name of a long pattern, not the pattern
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def skip_inherited(app, what, name, obj, skip, options):
    """Leave out methods that come from scikit-learn or Keras: their own pages document them."""
    home = getattr(obj, "__module__", None) or "elsewhere"
    return True if inspect.isroutine(obj) and not home.startswith("skrnn") else None


# --- The gallery ------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",
    "nested_sections": False,
    "within_subsection_order": "ExampleTitleSortKey",
    "abort_on_example_error": True,
    "show_memory": False,
    # What stands in memory where is no answer: the picture is above it.
    "ignore_repr_types": r"matplotlib\.|Display",
    "min_reported_time": 10_000,  # times of a busy machine tell nothing
    "show_signature": False,
    "remove_config_comments": True,
    "download_all_examples": False,
    "reset_modules": ("matplotlib", "gallery_reset.reset"),
    "reset_modules_order": "both",
    "plot_gallery": True,
}

# --- HTML -------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "skrnn"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["skrnn.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 5,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
# Pages without pages below them need no column for these.
html_sidebars = {
    page: []
    for page in (
        "index",
        "quickstart",
        "user_guide",
        "faq",
        "migration",
        "glossary",
        "changelog",
        "contributing",
    )
}
# Properties inherited from scikit-learn refer to its glossary. Can go when intersphinx may be used.
suppress_warnings = ["ref.term"]


def setup(app):
    """Connect what is above."""
    app.connect("autodoc-skip-member", skip_inherited)
