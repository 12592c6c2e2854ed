"""Equations as MathML, which browsers draw themselves: the pages read without a network.

Sphinx's MathJax would come from a server at every reading.
"""

from docutils.nodes import SkipNode
from docutils.utils.math import latex2mathml


def _inline(self, node):
    self.body.append(latex2mathml.tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def _block(self, node):
    # Several lines without an environment of their own are aligned at their "&", as MathJax does.
    equation = node.astext().strip()
    if "\\\\" in equation and "\\begin" not in equation:
        equation = rf"\begin{{aligned}}{equation}\end{{aligned}}"
    self.body.append(self.starttag(node, "div", CLASS="math-block"))
    self.body.append(latex2mathml.tex2mathml(equation, as_block=True))
    self.body.append("</div>")
    raise SkipNode


def setup(app):
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
