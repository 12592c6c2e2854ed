"""The report of a training: one HTML page, written by ``skrnn train --report``.

:mod:`~skrnn.cli.report.page` puts it together from :mod:`~skrnn.cli.report.records`. The other
modules compute what it shows; the Jinja templates beside them write it as HTML.
"""
