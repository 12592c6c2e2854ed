"""Pages from the Jinja templates in ``templates/``, which escape what they are given."""

import base64
import functools

from skrnn.cli.errors import require

# No script and no other file: HTML that got into the page through a text could do nothing.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)


def render_template(name, **context):
    """Render a page.

    Parameters
    ----------
    name : str
        File in the folder ``templates``.
    context : dict
        Variables of the template. A str is escaped; HTML needs the filter ``safe``.

    Returns
    -------
    str
    """
    return _environment().get_template(name).render(policy=POLICY, **context)


@functools.cache
def _environment():
    jinja2 = require("jinja2", "Pages")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("skrnn.cli.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_without_control_characters,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    return environment


def _without_control_characters(value):
    """Replace the characters that HTML does not allow, escaped or not."""
    # What has __html__ is HTML already.
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in value)


def _data_uri(svg):
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
