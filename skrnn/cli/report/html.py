"""Pieces of a page. Whatever comes from a file is escaped here, and nowhere else."""

import base64
import html

# No script, no file from elsewhere: what a text smuggles in could do nothing.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 3rem; color: #1a1a1a;
  background: #fff; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; padding-top: .6rem; border-top: 1px solid #ccc; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0; max-width: 46rem; }
p.note, figcaption { color: #555; font-size: .9rem; }
/* A shadow at the end where more can be scrolled to; it is covered where nothing more is. */
.scroll { overflow-x: auto; margin: .5rem 0; background:
  linear-gradient(to right, #fff 40%, transparent) 0 / 3rem 100% no-repeat local,
  linear-gradient(to left, #fff 40%, transparent) 100% / 3rem 100% no-repeat local,
  linear-gradient(to right, #0004, transparent) 0 / .8rem 100% no-repeat scroll,
  linear-gradient(to left, #0004, transparent) 100% / .8rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; text-align: right; vertical-align: top;
  white-space: nowrap; unicode-bidi: plaintext; }
th:first-child { white-space: normal; min-width: 7rem; max-width: 20rem; }
th { font-weight: 600; border-bottom: 1px solid #888; }
td { border-bottom: 1px solid #e4e4e4; }
th:first-child, .settings th, .settings td { text-align: left; }
.settings td { white-space: normal; min-width: 10rem; overflow-wrap: anywhere; }
tbody th { border-bottom: 1px solid #e4e4e4; font-weight: 400; }
.columns { display: flex; flex-wrap: wrap; gap: 0 3rem; }
.columns > div { min-width: 0; max-width: 100%; }
figure { margin: .8rem 0; }
figure img { display: block; max-width: 100%; height: auto; }
@media (max-width: 32rem) { table { font-size: .85rem; } th, td { padding-right: .6rem; }
  thead th { white-space: normal; }
  th:first-child { min-width: 5.5rem; } }
.mistake { margin: 1.2rem 0 0; padding-left: .8rem; border-left: 3px solid #bbb; }
.mistake > div { max-height: 24rem; overflow-y: auto; }
.place { color: #555; font-size: .9rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
pre { background: #f6f6f6; padding: .6rem .8rem; }
"""


class Html(str):
    """Text that is HTML already; any other str is escaped where it is put in."""


def escape(value):
    """Return a value as HTML: :class:`Html` as it is, everything else escaped."""
    if isinstance(value, Html):
        return value
    # Control characters are not allowed in HTML, escaped or not.
    text = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in str(value))
    return Html(html.escape(text))


def tag(name, *content, **attributes):
    """Return an element; `class_` and the like are written without the underscore."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{told}>{''.join(map(escape, content))}</{name}>")


def isolated(value):
    """Return a name within a line: one that is written from the right turns nothing beside it."""
    return tag("bdi", value)


def join(parts):
    """Return parts one after another."""
    return Html("".join(map(escape, parts)))


def table(header, rows, class_="numbers"):
    """Return a table that scrolls inside its own box; each row's first cell is its heading."""
    head = tag("tr", *(tag("th", cell, scope="col") for cell in header))
    body = join(
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    )
    made = tag("table", tag("thead", head), tag("tbody", body), class_=class_)
    # With tabindex the box scrolls by keyboard too.
    return tag("div", made, class_="scroll", tabindex="0", role="region", aria_label="table")


def figure(svg, alt, caption=""):
    """Return a picture, its bytes within the page."""
    source = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
    image = Html(f'<img src="{source}" alt="{escape(alt)}">')
    return tag("figure", image, *([tag("figcaption", caption)] if caption else []))


def section(title, *content):
    """Return a part of the page with its heading."""
    return tag("section", tag("h2", title), *content)


def document(title, *content):
    """Return the whole page."""
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{join(content)}\n</body></html>\n"
    )
