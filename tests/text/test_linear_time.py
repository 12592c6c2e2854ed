"""Time follows length: no text makes a step take longer than its length says."""

import time
import unicodedata
from functools import partial

import numpy as np
import pytest

from skrnn import HashingTextToSequence, TextToSequence
from skrnn.embeddings.fasttext import part_ids
from skrnn.embeddings.lookup import Lookup
from skrnn.inspection import Explanation
from skrnn.onnx.words import pad_words
from skrnn.text.offsets import find_spans

# What a text is made of, over and over. Each has made a step quadratic, here or elsewhere.
UNITS = {
    "marks": "\u0301",
    "marks out of order": "\u0301\u0316",
    "marks of four classes": "\u0345\u0301\u0316\u0334",
    "a mark that NFC makes two of": "\u0344\u0316",
    "marks that only NFKD finds": "\uff9e\u0301",
    "marks between invisible characters": "\u0301\u200e\u0316",
    "marks on letters": "e\u0316\u0301",
    "vowel signs": "\u0915\u093f\u0903",
    "vowel signs of Tibet": "\u0f71\u0f72\u0f74",
    "vowel signs in two parts": "\u0f73\u0f75\u0f81",
    "vowel signs of Tibet on letters": "\u0f40" + "\u0f72\u0f71" * 15,
    "one long word": "n",
    "apostrophes": "'",
    "apostrophes of all kinds": "\u2019`\u02bc\xb4",
    "doubled apostrophes": "a''",
    "apostrophes that are letters": "\u02bc",
    "backslashes": "a\\",
    "escapes": "a\\u2019",
    "escapes of URLs": "a%25",
    "garbled apostrophes": "a\xe2\u20ac\u2122",
    "garbled again": "\xc3\xa2\xe2\u201a\xac",
    "joiners and apostrophes": "\u200d'",
    "lost apostrophes": "don?t ",
    "almost lost apostrophes": "n ' ",
    "entities without ampersand": " #39;t",
    "contractions": "n't",
    "almost contractions": "n'tt'",
    "numbers": "1.",
    "blanks": " ",
    "other blanks": "\xa0\n\u3000",
    "less than": "<",
    "tags": "<b>",
    "unfinished tags": "<a x",
    "unfinished values": "<a x='",
    "unfinished values in other quotes": '<a x="y" z="',
    "many attributes": "<a x=1 x=1 ",
    "attributes": " x = ",
    "values in both quotes": "<a x='\" y=\"' ",
    "values with tags": '<a x="<b>" y=\'<',
    "start tags of words": "<map>",
    "pairs of tags": "<time></time>",
    "custom tags": "<a-b-c",
    "parts of pages": "<div <div>",
    "CDATA": "<![CDATA[",
    "ends of CDATA": "]]>",
    "programs in pages": "<?php ",
    "scripts": "<script>",
    "ends of scripts": "</script>",
    "scripts and styles": "<style><script></style>",
    "comments": "<!--",
    "ampersands": "&",
    "entities": "&amp;",
    "escaped again and again": "amp;",
    "unfinished entities": "&#",
    "numeric entities": "&#39",
    "escaped tags": "&lt;a ",
    "emoji": "\U0001f600",
    "joined emoji": "\U0001f600\u200d",
    "joiners": "\u200d",
    "skin tones": "\U0001f3fd",
    "half flags": "\U0001f1eb",
    "keycaps": "5\ufe0f\u20e3",
    "variation selectors": "\ufe0f",
    "eyes": ":",
    "eyes and noses": ":-",
    "brows": "^_",
    "brackets": "(:",
    "angry brows": ">_",
    "minus": "-_-",
    "stars": "*",
    "signs": "+&",
    "Hangul": "\u1100\u1161\u11a8",
    "Chinese": "\u4e2d",
    "Thai": "\u0e01\u0e33",
    "capital sigma": "\u03a3'",
    "letters that grow in lower case": "\u0130",
    "letters that grow without accents": "\ufdfa",
    "half characters": "\ud800",
}
# A mark of each combining class, since marks of different classes are put in order.
_BY_CLASS = {unicodedata.combining(chr(code)): chr(code) for code in range(0x1F000)}
UNITS["marks of all classes"] = "".join(_BY_CLASS[number] for number in sorted(_BY_CLASS) if number)
UNITS["all ASCII punctuation"] = "".join(
    chr(code) for code in range(33, 127) if not chr(code).isalnum()
)
UNITS |= {f"a row of {sign}": sign for sign in ".-_/()[]{}:;!?\"'^~|@"}
# A quadratic step takes sixteen times as long, not four times.
SHORT, TIMES, MOST = 1_000, 4, 9
# Shorter times are noise.
NOISE = 0.0005


def analyze(**parameters):
    analyzer = TextToSequence(**parameters)._make_analyzer()
    return lambda text: next(analyzer.iter_tokens([text]))


def align(**parameters):
    analyzer = TextToSequence(**parameters)._make_analyzer()

    def run(text):
        tokens = next(analyzer.iter_tokens([text]))
        assert find_spans(analyzer, text, tokens) is not None

    return run


def highlight(text):
    analyzer = TextToSequence()._make_analyzer()
    tokens = next(analyzer.iter_tokens([text]))
    spans = find_spans(analyzer, text, tokens)
    values = np.linspace(-1, 1, len(tokens))
    ids = np.ones(len(tokens), np.int32)
    found = Explanation(text, tokens, spans, ids, values, 1, 1, 0.5, 0.0, 0.0, "occlusion", None)
    found.to_html(full=True)


def look_up(text):
    list(Lookup([None, text]).missing())


STEPS = {
    "words": analyze(),
    "words without accents": analyze(strip_accents="unicode"),
    "words in ASCII": analyze(strip_accents="ascii"),
    "words without stop words": analyze(stop_words=["a"]),
    "characters": analyze(analyzer="char"),
    "markup kept": analyze(strip_markup=False),
    "as in older files": analyze(strip_markup="line_breaks"),
    "vocabulary": lambda text: TextToSequence(max_df=1.0, min_df=1).fit_transform([text, "a"]),
    "hashes": lambda text: HashingTextToSequence().transform([text]),
    "offsets": align(),
    "offsets without accents": align(strip_accents="unicode"),
    "offsets of characters": align(analyzer="char"),
    "offsets of a tokenizer": align(tokenizer=str.split),
    "highlighting": highlight,
    "spellings": look_up,
    "parts of words": lambda text: part_ids(text.encode("utf-8", "surrogatepass"), 3, 6, 1000),
    "input of ONNX": lambda text: pad_words([analyze()(text)]),
}


def seconds(step, text, n_times):
    """Return the least time of several runs."""
    taken = []
    for _ in range(n_times):
        start = time.thread_time()
        step(text)
        taken.append(time.thread_time() - start)
    return min(taken)


# Variants of the others.
SLOW = {
    "words in ASCII",
    "words without stop words",
    "markup kept",
    "as in older files",
    "offsets without accents",
    "offsets of a tokenizer",
    "offsets of characters",
    "highlighting",
    "spellings",
    "parts of words",
    "input of ONNX",
}


def test_the_measure_tells_quadratic_from_linear():
    """Fails if the sizes are too small for a quadratic step to be seen."""
    text = UNITS["marks out of order"] * (SHORT // 2)
    normalize = partial(unicodedata.normalize, "NFC")
    assert seconds(normalize, text * TIMES, 5) > MOST * max(seconds(normalize, text, 9), NOISE)


@pytest.mark.filterwarnings("ignore:.*finds no token")  # texts of half characters
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=name, marks=pytest.mark.slow if name in SLOW else ())
        for name, step in STEPS.items()
    ],
)
def test_time_follows_length(step):
    """Fails if a step takes more than about twice the time for a text of twice the length."""
    slow = {}
    for name, unit in UNITS.items():
        short = unit * (SHORT // len(unit))
        ratio = 0.0
        for n_times in (1, 3, 6):  # more often where a disturbance may be the reason
            least = max(seconds(step, short, n_times + 1), NOISE)
            ratio = seconds(step, short * TIMES, n_times) / least
            if ratio < MOST:
                break
        else:
            slow[name] = ratio
    assert not slow
