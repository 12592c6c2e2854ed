"""The report: what it says of the rows, and that nothing in a text can do anything to the page."""

import dataclasses
import datetime
import html
import html.parser
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import metrics
from sklearn.pipeline import make_pipeline

from skrnn import RNNClassifier, TextToSequence, make_tfidf_logistic
from skrnn.cli.report import figures
from skrnn.cli.report.figures import calibration_points
from skrnn.cli.report.mistakes import surest_mistakes
from skrnn.cli.report.page import accuracy_interval, render, summary
from skrnn.cli.report.records import Predictions, Rows, Run
from skrnn.cli.report.rendering import render_template
from skrnn.cli.report.scores import measure
from skrnn.cli.report.words import describe_words, evenly, explain_texts, telling_words
from skrnn.inspection import Explanation

pytestmark = pytest.mark.slow

pytest.importorskip("matplotlib", reason="the report has pictures")
pytest.importorskip("jinja2", reason="the report is a template")

HOSTILE = {
    "<script>alert(1)</script>": "<script>document.title='run'</script> great </style> fine",
    "ugly & \"quoted\" 'label'": "<img src=https://evil.example/x.png onerror=alert(1)> dull\n]]>",
    "</body></html>": "</p></div></body></html> <link rel=stylesheet href=//evil.example/a.css> so",
}

TAGS = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "strong", "br"}
TAGS |= {"section", "div", "span", "bdi", "pre", "figure", "figcaption", "img"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}


def make_run():
    rng = np.random.default_rng(0)
    classes = sorted(HOSTILE)
    truth = np.arange(66) % 3
    # Some have the text of another class, so that there are wrong predictions to show.
    texts = [
        f"{HOSTILE[classes[(k + (i % 7 == 0)) % 3]]} {'film ' * rng.integers(9)}"
        for i, k in enumerate(truth)
    ]
    rows = [
        Rows(texts[part], truth[part], [f"r.csv, line {i + 2}" for i in range(66)[part]])
        for part in (slice(0, 42), slice(42, 66))
    ]
    labels = np.array(classes)
    pipeline = make_pipeline(
        TextToSequence(), RNNClassifier("rnn", 4, epochs=2, ngram_range=None, random_state=0)
    ).fit(rows[0].texts, labels[rows[0].truth])
    tfidf = make_tfidf_logistic().fit(rows[0].texts, labels[rows[0].truth])
    predictions = [
        answered(n, e, rows[1], classes) for n, e in (("RNN", pipeline), ("<tf>", tfidf))
    ]
    predictions.append(Predictions("<i>broken</i>", problem="no <b>words</b>"))
    return Run(
        source="<r>.csv",
        classes=classes,
        train=rows[0],
        held_out=rows[1],
        how_held_out="<p>All</p>",
        n_dropped=3,
        pipeline=pipeline,
        predictions=predictions,
        command="skrnn train '<r>.csv'",
        model="m.skrnn",
    )


def answered(name, estimator, rows, classes):
    p = estimator.predict_proba(rows.texts)
    predicted = np.array([classes.index(one) for one in estimator.predict(rows.texts)])
    return Predictions(name, predicted, p, measure(classes, rows.truth, predicted, p), 1.0)


@pytest.fixture(scope="module")
def run():
    return make_run()


@pytest.fixture(scope="module")
def page(run):
    now = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    return render(run, now=now)


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.found, self.text, self._open = [], "", []
        self.pieces = []  # texts, with the elements that they stand in
        self.feed(page)
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text += data
        self.pieces.append((data, tuple(self._open)))

    @property
    def words(self):
        """The text as a browser shows it, without the line breaks of the template."""
        return " ".join(self.text.split())


def test_texts_and_labels_are_shown_and_not_run(page):
    """Fails if a text, a label, a file's name or a message reaches the page unescaped."""
    elements = Elements(page)
    assert len(elements.found) > 100
    assert {tag for tag, _ in elements.found} <= TAGS
    for _, attributes in elements.found:
        assert not [name for name in attributes if name.startswith("on")]
    for label in HOSTILE:
        assert label in elements.text
    for shown in ("<tf>", "<i>broken</i> could not be fitted: no <b>words</b>", "<p>All</p>"):
        assert shown in elements.text
    assert "<script>document.title='run'</script>" in elements.text
    assert "skrnn train '<r>.csv'" in elements.text


def test_labels_turn_nothing_beside_them(page, run):
    """Fails if a label that is written from the right, or turns what follows, is not isolated."""
    inside = [
        open_
        for text, open_ in Elements(page).pieces
        # A text with such a piece, which is no token, stands in a paragraph of its own.
        if any(one in text for one in HOSTILE) and "evil.example" not in text
    ]
    assert {open_[-1] for open_ in inside} == {"bdi", "th"}
    # Each cell is written from the side that its own text begins at, as bdi does by itself.
    assert "unicode-bidi: plaintext" in re.search("th, td {(.*?)}", page, re.S)[1]
    # Where a line has both a label and more.
    assert sum("strong" in open_ and "bdi" in open_ for open_ in inside) >= 2
    assert re.search(r'class="place"> \(<bdi>r\.csv, line \d+</bdi>\)', page)
    assert f"<h1><bdi>m.skrnn</bdi>: trained on <bdi>{html.escape(run.source)}</bdi></h1>" in page


def test_nothing_is_loaded_from_elsewhere(page):
    """Fails if the page needs another file, or its policy would let a text fetch one."""
    elements = Elements(page)
    for tag, attributes in elements.found:
        assert "href" not in attributes
        if "src" in attributes:
            assert tag == "img" and attributes["src"].startswith("data:image/svg+xml;base64,")
            assert attributes["alt"]
    policies = [a["content"] for t, a in elements.found if t == "meta" and "http-equiv" in a]
    assert len(policies) == 1 and policies[0].startswith("default-src 'none'; img-src data:;")
    assert "script-src" not in policies[0]
    style = re.search("<style>(.*?)</style>", page, re.S)[1]
    assert "url(" not in style and "@import" not in style
    # URLs stand in texts only, never in what an attribute or the style names.
    assert "//" not in re.sub(r"&lt;.*?&gt;|base64,[^\"]*", "", page)


def test_the_page_has_all_parts(page, run):
    """Fails if a part is missing, or its numbers are not those of the run."""
    text = Elements(page).words
    titles = re.findall("<h2>(.*?)</h2>", page)
    assert titles == [
        "Data",
        "Scores",
        "Learning curves",
        "Calibration",
        "Class by class",
        "Most telling words",
        "Errors worth reading",
        "How it was made",
    ]
    accuracy = np.mean(run.predictions[0].predicted == run.held_out.truth)
    assert f"predicts {accuracy:.1%} of the 24 held-out rows correctly" in text
    assert "RNNClassifier: units4" in text and "2026-01-02 03:04 UTC" in text
    n_wrong = int(np.sum(run.predictions[0].predicted != run.held_out.truth))
    assert f"{n_wrong} of the 24 held-out rows are predicted wrong" in text
    low, high = accuracy_interval(run.predictions[0].predicted, run.held_out.truth)
    assert f"interval of its accuracy (Wilson): {low:.3f} to {high:.3f}." in text


def test_repeated_texts_are_told(page, run):
    """Fails if held-out rows that were seen in training, or contradictions, go unsaid."""
    everything = run.train.texts + run.held_out.texts
    truth = [*run.train.truth.tolist(), *run.held_out.truth.tolist()]
    n_repeated = len(everything) - len(set(everything))
    pairs = set(zip(everything, truth, strict=True))
    n_odd = sum(sum(t == text for t, _ in pairs) > 1 for text in set(everything))
    n_known = sum(text in run.train.texts for text in run.held_out.texts)
    assert n_repeated and n_odd and n_known
    assert f"{n_repeated} rows repeat the text of another row; {n_odd} texts have conflict" in page
    assert (
        f"{n_known} of the 24 held-out rows have a text that is also in the training rows" in page
    )


def test_the_same_run_is_the_same_page(page, run):
    """Fails if the page holds anything that changes from one writing to the next."""
    now = datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.UTC)
    assert render(run, now=now) == page


@pytest.mark.parametrize("width", [390, 1200])
def test_a_browser_runs_nothing_and_scrolls_nothing(width, page, tmp_path):
    """Fails if a script of a text ran, or the page is wider than a telephone's screen."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("needs chromium")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    # The frame measures what is in it; the policy of the page forbids the page itself to.
    (tmp_path / "frame.html").write_text(
        f"<iframe id=f src=page.html style='width:{width}px;height:900px;border:0'></iframe>"
        "<script>onload = () => { const d = f.contentDocument;"
        "document.body.dataset.told = [d.title, d.documentElement.scrollWidth,"
        "d.querySelectorAll('script, link, [onerror]').length, d.images.length].join('|') }"
        "</script>"
    )
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    flags += " --disable-background-networking --disable-component-update --dump-dom"
    done = subprocess.run(
        [
            chromium,
            *flags.split(),
            "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path / 'profile'}",
            (tmp_path / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = re.search('data-told="(.*?)"', done.stdout)
    assert told, done.stderr[-2000:]
    title, scrolled, n_odd, n_images = told[1].split("|")
    assert title == "m.skrnn: trained on &lt;r&gt;.csv"
    assert int(scrolled) <= width and n_odd == "0" and n_images == "4"


def test_scores_are_those_of_scikit_learn():
    """Fails if a score were of another definition, or a class without rows were taken for 0."""
    rng = np.random.default_rng(0)
    labels = ["a", "b", "c", "d"]
    truth = rng.integers(3, size=50)  # no row is of "d"
    p = rng.dirichlet(np.ones(4), size=50)
    predicted = p.argmax(axis=1)
    scores = measure(labels, truth, predicted, p)
    assert scores.accuracy == metrics.accuracy_score(truth, predicted)
    assert scores.log_loss == pytest.approx(metrics.log_loss(truth, p, labels=range(4)))
    recalls = metrics.recall_score(truth, predicted, average=None, labels=[0, 1, 2])
    assert scores.balanced_accuracy == pytest.approx(recalls.mean())
    wanted = metrics.precision_recall_fscore_support(
        truth, predicted, labels=range(4), zero_division=0
    )
    for i, one in enumerate(scores.classes[:3]):
        told = (one.precision, one.recall, one.f1, one.n_rows)
        assert told == pytest.approx([column[i] for column in wanted])
    assert scores.classes[3].recall is None and scores.classes[3].n_rows == 0
    assert scores.roc_auc is None
    np.testing.assert_array_equal(
        scores.confusion, metrics.confusion_matrix(truth, predicted, labels=range(4))
    )


def test_a_sure_mistake_is_no_endless_loss():
    """Fails if a right class of probability 0 made the log-loss infinite, unlike scikit-learn's."""
    p = np.array([[1.0, 0.0], [0.5, 0.5]])
    scores = measure(["a", "b"], np.array([1, 0]), np.array([0, 0]), p)
    assert scores.log_loss == pytest.approx(metrics.log_loss([1, 0], p))
    assert scores.roc_auc == metrics.roc_auc_score([1, 0], p[:, 1])
    assert scores.classes[1].precision is None


def test_surest_mistakes_by_brute_force():
    """Fails if a right answer, or a less sure one, were shown before a surer mistake."""
    rng = np.random.default_rng(1)
    p, truth = rng.dirichlet(np.ones(3), size=60), rng.integers(3, size=60)
    predictions = Predictions("a", p.argmax(axis=1), p)
    pairs = sorted((-p[i].max(), i) for i in range(60) if p[i].argmax() != truth[i])
    assert surest_mistakes(predictions, truth, n=7).tolist() == [i for _, i in pairs[:7]]


def test_calibration_points_by_hand():
    """Fails if bins are not of sorted predictions, or a mean and its share are of other rows."""
    rng = np.random.default_rng(2)
    first = rng.uniform(0.5, 1, size=100)
    truth = (rng.uniform(size=100) > first).astype(int)
    predictions = Predictions("a", np.zeros(100, int), np.column_stack([first, 1 - first]))
    probability, correct = calibration_points(predictions, truth)
    order = np.argsort(first)
    np.testing.assert_allclose(probability, [first[order[:50]].mean(), first[order[50:]].mean()])
    wanted = [np.mean(truth[order[:50]] == 0), np.mean(truth[order[50:]] == 0)]
    np.testing.assert_allclose(correct, wanted)


@pytest.mark.parametrize("correct", [True, False])
def test_calibration_of_a_model_that_is_always_sure(correct):
    """Fails if predictions that are all right or all wrong, or a rounding above 1, are an error."""
    p = np.full((10, 2), np.nextafter(np.float32(1), np.float32(2)))
    predictions = Predictions("a", np.zeros(10, int), p)
    points = calibration_points(predictions, np.full(10, int(not correct)))
    np.testing.assert_allclose(points, [[1.0], [float(correct)]])


def test_interval_of_a_perfect_model_is_no_point():
    """Fails if the interval were the simple one, a point if all predictions are correct."""
    low, high = accuracy_interval(np.zeros(20), np.zeros(20))
    # Wilson (1927) at a share of 1: n / (n + z^2).
    assert low == pytest.approx(20 / (20 + 1.959964**2)) and high == 1.0


def test_a_template_escapes_and_cleans():
    """Fails if a text gets into the page unescaped, or with characters that HTML forbids."""
    told = [("<b>\x00\x1b[31m", "<p>HTML</p>")]
    page = render_template("explanations.html", title="a & b", explanations=told, note="")
    assert "<h3>&lt;b&gt;\ufffd\ufffd[31m</h3><p>HTML</p>" in page
    assert "<title>a &amp; b</title>" in page and 'class="note"' not in page


@pytest.mark.parametrize(
    ("accuracies", "told"),
    [
        ([0.9, 0.8, 0.5], "rows. The best baseline has 80.0%: NB-SVM (uni- and bigrams)."),
        ([0.7, 0.8, 0.5], "rows. That is no better than the best baseline with 80.0%: NB-SVM"),
        ([0.8, 0.8, 0.8], "baseline with 80.0%: NB-SVM (uni- and bigrams) and tf-idf."),
        ([0.8], "rows."),
    ],
)
def test_summary_compares_with_the_best_baseline(accuracies, told):
    """Fails if a network that is no better seems to be, or a comma in a name parts it in two."""
    names = ["RNN", "NB-SVM, uni- and bigrams", "tf-idf"]
    predictions = [
        Predictions(name, scores=SimpleNamespace(accuracy=accuracy))
        for name, accuracy in zip(names, accuracies, strict=False)
    ]
    predictions.append(Predictions("broken", problem="no words"))
    run = SimpleNamespace(predictions=predictions, held_out=range(10), train=range(90))
    found = summary(run)
    assert told in found and found.endswith(".") and "broken" not in found


def test_labels_with_control_characters_have_a_picture():
    """Fails if a control character of a label makes the picture no XML, which no browser shows."""
    labels = ["ok\x0b", "\ud800" * 30]
    scores = measure(labels, np.array([0, 1]), np.array([0, 1]), np.eye(2))
    ET.fromstring(figures.confusion(scores))


def explained(tokens, values, target):
    return Explanation(
        text=None,
        tokens=tokens.split(),
        spans=None,
        ids=np.array([1 if token == "?" else 5 for token in tokens.split()]),
        values=np.array(values),
        target=target,
        prediction=target,
        probability=0.9,
        score=1.0,
        baseline_score=0.0,
        method="integrated_gradients",
        n_steps=32,
    )


@pytest.mark.parametrize(
    ("parts", "scores", "rough"),
    [
        ([0.5, 0.4999], (1.0, 0.0), False),
        ([0.5, 0.48], (1.0, 0.0), True),
        # Of changes below 0.01, 1% of 0.01 is exact for skrnn.explain.
        ([2e-5, 0.0], (0.10009, 0.1), False),
        ([0.0, 0.0], (0.1 + 1e-9, 0.1), False),
        ([2e-4, 0.0], (0.1, 0.1), True),
    ],
)
def test_inexact_is_what_explain_takes_for_inexact(monkeypatch, parts, scores, rough):
    """Fails if the page tells of errors in parts of next to nothing, or not of real ones."""
    one = explained("good film", parts, "pos")
    one = dataclasses.replace(one, score=scores[0], baseline_score=scores[1])
    monkeypatch.setattr("skrnn.inspection.explain", lambda pipeline, texts, target: [one])
    _, told = explain_texts(None, ["good film"])
    assert bool(told) == rough


def test_words_say_what_they_are_the_mean_of(monkeypatch, run, page):
    """Fails if the note for several classes reads as if all texts counted for each of them."""
    found = Elements(page).words
    assert "contribution to the score of the predicted class. The tables have, for each" in found
    assert "the mean contribution over the texts with the word that are predicted as this" in found
    made = [explained("good film", [1.0, -1.0], "pos")] * 3
    monkeypatch.setattr("skrnn.cli.report.words.explain_texts", lambda *args, **kwargs: (made, ""))
    words = describe_words(dataclasses.replace(run, classes=["neg", "pos"]))
    assert words["binary"]
    assert words["tables"] == [("neg", [["film", "+1.00", "3"]]), ("pos", [["good", "+1.00", "3"]])]


def test_telling_words_are_means_over_texts():
    """Fails if a word said twice counted twice, a rare one were shown, or a sign were lost."""
    made = [
        explained("good good ? film", [0.5, 0.5, 9.0, -0.1], "pos"),
        explained("good bad film", [2.0, -1.0, -0.2], "pos"),
        explained("bad good film", [-2.0, 3.0, 0.0], "pos"),
        explained("bad rare film ? ?", [-3.0, 9.0, -0.1, 9.0, 9.0], "pos"),
    ]
    found = telling_words(made, ["neg", "pos"])
    assert found["pos"] == [("good", pytest.approx((1.0 + 2.0 + 3.0) / 3), 3)]
    assert found["neg"] == [
        ("bad", pytest.approx(2.0), 3),
        ("film", pytest.approx(0.1), 4),
    ]


def test_rows_to_explain_are_spread():
    """Fails if only the first rows of a file, which may be of one kind, were explained."""
    assert evenly(5, 100) == [0, 1, 2, 3, 4]
    assert evenly(1001, 3) == [0, 500, 1000]
    assert evenly(1, 3) == [0]
