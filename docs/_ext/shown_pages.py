"""Pages show what their blocks print and draw.

The Python blocks of a page are run in order, as tests run them. What a block prints, and what it
saves as ``NAME.png`` or as the page of an explanation, ``NAME.html``, is shown below it. The source
of the page is the code alone, so that it reads well on a code host too.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sphinx.errors import ExtensionError

import skrnn

MADE, PRINTED, KEY = "_made", "printed", "key"
# ASCII's record separator: no page prints it.
_END = "\x1e\n"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
_SAVED = re.compile(r"""(?:savefig|Path)\(["'](\w+\.(?:png|html))["']\)""")


def make(app):
    """Run the pages of ``shown_pages``, unless neither they nor the package have changed since."""
    package = b"".join(p.read_bytes() for p in sorted(Path(skrnn.__file__).parent.rglob("*.py")))
    for name in app.config.shown_pages:
        source = (Path(app.srcdir) / f"{name}.md").read_text(encoding="utf-8")
        blocks = _BLOCK.findall(source)
        script = "\n".join(f"{block}\nprint(end={_END!r})" for block in blocks)
        folder = Path(app.srcdir) / MADE / name
        key, kept = hashlib.sha256(script.encode() + package).hexdigest(), folder / KEY
        if kept.is_file() and kept.read_text() == key:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as made:
            done = subprocess.run(
                [sys.executable, "-c", script],
                cwd=made,
                env=os.environ | {"MPLBACKEND": "agg"},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise ExtensionError(f"{name}.md does not run:\n{done.stderr}")
            for file in _SAVED.findall(script):
                (folder / file).write_bytes((Path(made) / file).read_bytes())
        (folder / PRINTED).write_text(done.stdout, encoding="utf-8")
        kept.write_text(key)


def show(app, docname, source):
    """Put what was made below the blocks that made it."""
    if docname not in app.config.shown_pages:
        return
    folder = Path(app.srcdir) / MADE / docname
    printed = iter((folder / PRINTED).read_text(encoding="utf-8").split(_END))

    def with_results(block):
        shown = [block[0]]
        if told := next(printed).rstrip():
            shown.append(f"```{{code-block}} text\n:class: printed\n\n{told}\n```")
        shown += [_shown(folder, docname, file) for file in _SAVED.findall(block[0])]
        return "\n\n".join(shown)

    source[0] = _BLOCK.sub(with_results, source[0])


def _shown(folder, docname, file):
    if file.endswith(".png"):
        return f"![What the block above saves as {file}]({MADE}/{docname}/{file})"
    page = (folder / file).read_text(encoding="utf-8")
    (body,) = re.findall("<main>\n(.*)\n</main>", page, re.S)
    return f"```{{raw}} html\n{body}\n```"


def setup(app):
    """Register what is above."""
    app.add_config_value("shown_pages", [], "env", list)
    app.connect("builder-inited", make)
    app.connect("source-read", show)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
