"""Files of columns: what they hold is read as written, and what is wrong names file and line."""

import gzip
import io
import os

import pytest

from skrnn.datasets import read_conll, read_conllu
from skrnn.exceptions import InvalidInputError, InvalidTypeError

CHUNKS = "He PRP B-NP\nreckons VBZ B-VP\n\n\nTrue JJ B-ADJP\n"
X = [[("He", "PRP"), ("reckons", "VBZ")], [("True", "JJ")]]
Y = [["B-NP", "B-VP"], ["B-ADJP"]]


def text(content):
    return io.StringIO(content)


def test_sources(tmp_path):
    """Fails if a path, a compressed file or an open file of either kind is read otherwise."""
    plain, packed = tmp_path / "a.txt", tmp_path / "a.txt.gz"
    plain.write_text(CHUNKS)
    packed.write_bytes(gzip.compress(CHUNKS.encode()))
    for source in (plain, str(plain), packed, text(CHUNKS), io.BytesIO(CHUNKS.encode())):
        assert read_conll(source) == (X, Y)
    with plain.open("rb") as file:
        assert read_conll(file) == (X, Y)
        assert not file.closed
    with plain.open() as file:
        assert read_conll(file) == (X, Y)
        assert not file.closed


def test_columns():
    """Fails if a column is another than the one asked for, or one column makes tuples."""
    assert read_conll(text(CHUNKS), columns=0) == ([["He", "reckons"], ["True"]], Y)
    assert read_conll(text(CHUNKS), columns=[0])[0] == [["He", "reckons"], ["True"]]
    assert read_conll(text(CHUNKS), columns=(-2, 0))[0][1] == [("JJ", "True")]
    words, tags = read_conll(text(CHUNKS), label=1, columns=[0])
    assert tags == [["PRP", "VBZ"], ["JJ"]] and words == [["He", "reckons"], ["True"]]
    assert read_conll(text(CHUNKS), label=-2)[0][1] == [("True", "B-ADJP")]


FORMS = {
    "ends of Windows": "He PRP B-NP\r\nreckons VBZ B-VP\r\n\r\nTrue JJ B-ADJP\r\n",
    "no end": CHUNKS.rstrip("\n"),
    "tabs": CHUNKS.replace(" ", "\t"),
    "lined up": CHUNKS.replace(" ", "   ").replace("\nTrue", "\n   True"),
    "blank lines with blanks": CHUNKS.replace("\n\n\n", "\n \t\n"),
    "byte order mark": "\ufeff" + CHUNKS,
    "documents": f"-DOCSTART- -X- O\n\n{CHUNKS}".replace("\n\n\n", "\n-DOCSTART- -X- O\n"),
    "many ends": f"\n\n{CHUNKS}\n\n\n",
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_forms(content):
    """Fails if what separates words and sentences becomes one, or ends none."""
    assert read_conll(text(content)) == (X, Y)
    assert read_conll(io.BytesIO(content.encode())) == (X, Y)


def test_words_keep_their_characters():
    """Fails if a character inside a word is taken for the end of a line or a column."""
    odd = ["1\u00a0000", "a\u2028b", "a\x85b", "a\x0cb", "#", "\u3000", '"']
    content = "".join(f"{word} O\n" for word in odd)
    assert read_conll(text(content))[0] == [odd]
    assert read_conll(io.BytesIO(content.encode()))[0] == [odd]
    spaced = "New York\tB-LOC\n\n \tO\n"
    assert read_conll(text(spaced), delimiter="\t")[0] == [["New York"], [" "]]


def test_comments_and_encodings(tmp_path):
    """Fails if a comment becomes a word, or a word a comment without being asked."""
    content = "# id 1\n# O\n\u00e9 O\n"
    assert read_conll(text(content), comment="# id")[0] == [["#", "\u00e9"]]
    path = tmp_path / "es.train"
    path.write_bytes("Espa\u00f1a B-LOC\n".encode("latin-1"))
    assert read_conll(path, encoding="latin-1")[0] == [["Espa\u00f1a"]]
    with pytest.raises(InvalidInputError, match=r"es\.train' is not utf-8 .*encoding='latin-1'"):
        read_conll(path)


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a O\n\nb c O\n", {}, "Line 3 of the file has 3 columns, but line 1 has 2: 'b c O'"),
        ("a\nb\n", {}, "Line 1 of the file has one column only"),
        ("a O\n", {"label": 2}, "Line 1 of the file has 2 columns, so there is no column 2"),
        ("a O\n", {"columns": [0, -3]}, "so there is no column -3"),
        ("", {}, "There are no sentences in the file"),
        ("\n-DOCSTART- O\n\n", {}, "There are no sentences in the file"),
        ("a O\n", {"columns": []}, r"columns=\[\] has to be"),
        ("a O\n", {"columns": "0"}, "columns='0' has to be"),
        ("a O\n", {"label": "ner"}, "label='ner' has to be"),
        ("a O\n", {"label": True}, "label=True has to be"),
    ],
)
def test_conll_errors(content, options, message):
    """Fails if labels are taken of another column, or the error names no line."""
    with pytest.raises((InvalidInputError, InvalidTypeError), match=message):
        read_conll(text(content), **options)


@pytest.mark.parametrize("read", [read_conll, read_conllu])
def test_bad_paths(read, tmp_path):
    """Fails if a path that is none is another error than elsewhere."""
    with pytest.raises(FileNotFoundError, match="none"):
        read(tmp_path / "none")
    with pytest.raises(InvalidInputError, match="looks like a URL"):
        read("https://example.org/train.txt")
    with pytest.raises(InvalidTypeError, match="but is int"):
        read(3)
    for name, content in {
        "cut.gz": gzip.compress(CHUNKS.encode() * 99)[:-20],
        "no.gz": b"no",
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInputError, match="is not a complete gzip file"):
            read_conll(tmp_path / name)


UD = """\
# sent_id = 1
# text = I don't like what you\u2019d
1	I	I	PRON	PRP	_	4	nsubj	_	_
2-3	don't	_	_	_	_	_	_	_	_
2	do	do	AUX	VBP	Mood=Ind|Tense=Pres	4	aux	_	_
3	n't	not	PART	RB	_	4	advmod	_	_
4	like	like	VERB	VB	_	0	root	_	_
4.1	like	like	VERB	VB	_	_	_	_	_

# sent_id = 2
1	1 000	1000	NUM	CD	_	0	root	_	_
2	#	#	SYM	NN	_	1	dep	_	_

"""


def test_conllu(tmp_path):
    """Fails if a range or an empty node is a word, or a word with a blank is two."""
    path = tmp_path / "en.conllu"
    path.write_text(UD, encoding="utf-8")
    words = [["I", "do", "n't", "like"], ["1 000", "#"]]
    assert read_conllu(path) == (words, [["PRON", "AUX", "PART", "VERB"], ["NUM", "SYM"]])
    found = read_conllu(text(UD), columns=("form", "lemma"), label="xpos")
    assert found[0][1] == [("1 000", "1000"), ("#", "#")] and found[1][1] == ["CD", "NN"]
    assert read_conllu(text(UD), columns=["form"])[0][1] == [("1 000",), ("#",)]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (UD.replace("\t", " "), {}, "Line 3 of the file has 1 columns .* has 10.* read_conll"),
        (UD.replace("4.1\t", "4a\t"), {}, "Line 8 of the file has the id '4a'"),
        (UD, {"label": "pos"}, "no column 'pos'; the columns are id, form"),
        (UD, {"columns": ("form", "tag")}, "no column 'tag'"),
        (UD, {"columns": ()}, "columns is empty"),
        ("# text = none\n\n", {}, "There are no sentences in the file"),
    ],
)
def test_conllu_errors(content, options, message):
    """Fails if another format is read as CoNLL-U, or the error names no line."""
    with pytest.raises(InvalidInputError, match=message):
        read_conllu(text(content), **options)


@pytest.mark.parametrize(
    ("name", "sentences", "tokens", "first"),
    [
        ("conll2000/test.txt", 2012, 47377, ("Rockwell", "NNP")),
        ("ud_english_ewt/dev.tsv", 2001, 25147, "From"),
    ],
)
def test_real_files(name, sentences, tokens, first):
    """Fails if sentences of the customary files are lost or joined."""
    path = os.path.join(os.environ.get("SKRNN_DATA", ""), name)
    if not os.path.exists(path):
        pytest.skip(f"needs {name} in the folder SKRNN_DATA")
    words, tags = read_conll(path)
    assert (len(words), sum(map(len, words)), words[0][0]) == (sentences, tokens, first)
    assert [len(row) for row in words] == [len(row) for row in tags]
