"""Output files: nothing that has come into being during the work is replaced, nothing is lost."""

import errno
import os
import stat
import threading

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import skrnn
from skrnn.cli import main
from skrnn.cli.new_files import create_file, write_file
from skrnn.cli.outputs import check_folder, check_outputs
from skrnn.exceptions import CommandError

TEXTS, LABELS = ["good fine great", "bad poor dull"] * 6, ["pos", "neg"] * 6
SMALL = ["--cell", "rnn", "--units", "2", "--epochs", "1", "--no-baselines", "--validation", "0"]
SMALL += ["--set", "ngram_range=null", "--set", "embeddings=null", "--set", "embedding_dim=2"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# What has come into being under the name, or where the name leads; and whether --force takes it.
def a_file(path):
    path.write_text("precious")


def a_folder(path):
    path.mkdir()
    (path / "inside").write_text("precious")


def a_link(path):
    (path.parent / "target").write_text("precious")
    path.symlink_to("target")


def a_link_to_a_folder(path):
    (path.parent / "target").mkdir()
    path.symlink_to("target")


COMERS = [a_file, a_folder, a_link, a_link_to_a_folder]


def content(path):
    if path.is_dir():
        return {one.name: one.read_text() for one in path.iterdir()}
    return path.read_text()


@pytest.mark.parametrize("links", [True, False], ids=["links", "no-links"])
@pytest.mark.parametrize("name", ["model.skrnn", "no-ending", "a.b.csv.gz", ".hidden", "x" * 255])
@pytest.mark.parametrize("comer", COMERS)
def test_what_came_into_being_stays(comer, name, links, folder, monkeypatch):
    """Fails if a file without --force replaces another one, or is lost because of it."""
    if not links:

        def refuse(*_, **__):
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    path = folder / name
    check_outputs({"--output": path}, force=False)
    comer(path)
    before = content(path)
    with pytest.raises(CommandError) as raised:
        write_file(path, b"new", force=False)
    told = str(raised.value)
    assert told.startswith(f"{path} is a ") and "stays as it is" in told
    (beside,) = (one for one in folder.iterdir() if one not in (path, folder / "target"))
    assert told.endswith(f"The new file is complete in {beside}.")
    assert beside.read_bytes() == b"new" and content(path) == before
    stem = "target" if comer in (a_link, a_link_to_a_folder) else name
    assert beside.name.endswith(
        {"a.b.csv.gz": "a.b-2.csv.gz", "model.skrnn": "-2.skrnn"}.get(stem, "-2")
    )
    # The next one gets a further name.
    with pytest.raises(CommandError, match="-3"):
        write_file(path, b"newer", force=False)
    assert beside.read_bytes() == b"new"


@pytest.mark.parametrize("comer", COMERS)
def test_force_replaces_files_only(comer, folder):
    """Fails if --force does not replace what came into being, or fails at a folder."""
    path = folder / "model.skrnn"
    check_outputs({"--output": path}, force=True)
    comer(path)
    if path.is_dir():
        with pytest.raises(CommandError, match="is a folder that has come into being"):
            write_file(path, b"new", force=True)
        (beside,) = folder.glob("*-2*")
        assert beside.read_bytes() == b"new"
    else:
        assert write_file(path, b"new", force=True) == 3
        assert path.read_bytes() == b"new" and path.is_symlink() == (comer is a_link)


def test_links_that_lead_nowhere_are_followed(folder):
    """Fails if such a link is replaced by a file, or counts as one."""
    (folder / "link").symlink_to("target")
    write_file(folder / "link", b"new", force=False)
    assert (folder / "link").is_symlink() and (folder / "target").read_bytes() == b"new"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_folder_that_cannot_be_written_any_more(number, force, folder, monkeypatch):
    """Fails if a full disk or a lost permission takes the file with it that took hours."""
    (folder / "elsewhere").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / "elsewhere"))
    monkeypatch.setattr("tempfile.tempdir", None)
    path = folder / "model.skrnn"
    written = []

    def fill(temporary):
        if not str(temporary).startswith(str(folder / "elsewhere")):
            raise OSError(number, os.strerror(number))
        written.append(temporary)
        with open(temporary, "xb") as file:
            file.write(b"new")

    with pytest.raises(CommandError) as raised:
        create_file(path, fill, force=force, rescue=True)
    assert f"cannot write {path}: {os.strerror(number)}. It is complete in {written[0]}" in str(
        raised.value
    )
    assert os.path.basename(written[0]) == "model.skrnn"
    assert names(folder) == ["elsewhere"]
    with pytest.raises(CommandError, match="cannot write"):
        create_file(path, fill, force=force)
    assert len(written) == 1


def test_a_folder_that_is_gone(folder, monkeypatch):
    """Fails if a folder that was removed during the work takes the file with it."""
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    (folder / "gone").mkdir()
    monkeypatch.chdir(folder / "gone")
    check_outputs({"--output": "model.skrnn"}, force=False)
    (folder / "gone").rmdir()
    with pytest.raises(CommandError, match="It is complete in .*model.skrnn instead"):
        write_file("model.skrnn", b"new", force=False, rescue=True)
    (kept,) = folder.glob("*/model.skrnn")
    assert kept.read_bytes() == b"new"


def test_only_one_of_many_gets_the_name(folder):
    """Fails if two that end at once write one file, or one of them is lost."""
    path, told = folder / "model.skrnn", []

    def write(i):
        try:
            write_file(path, b"%d" % i, force=False)
        except CommandError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    files = list(folder.iterdir())
    assert len(files) == 12 and len(told) == 11 and path in files
    assert sorted(int(one.read_bytes()) for one in files) == list(range(12))


def test_the_permissions_of_the_old_file_stay(folder):
    """Fails if a private file is readable for all after it was replaced."""
    path = folder / "private.csv"
    path.write_text("old")
    path.chmod(0o600)
    write_file(path, b"new", force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError()]
)
@pytest.mark.parametrize("force", [False, True])
def test_a_part_of_a_file_does_not_stay(error, force, folder):
    """Fails if what could not be completed stays in the folder."""

    def fill(temporary):
        with open(temporary, "xb") as file:
            file.write(b"half")
        raise error

    wanted = CommandError if isinstance(error, OSError) else type(error)
    with pytest.raises(wanted):
        create_file(folder / "model.skrnn", fill, force=force)
    assert names(folder) == []


def test_names_are_tried_before_the_work(folder, monkeypatch):
    """Fails if a name that the file system does not take shows only at the end of the work."""
    for name in ("x" * 255, "ü" * 127):
        check_outputs({"--output": folder / name}, force=False)
        write_file(folder / name, b"new", force=False)
        os.unlink(folder / name)
    with pytest.raises(CommandError, match="--output .*: File name too long. Use another name"):
        check_outputs({"--output": folder / ("x" * 256)}, force=False)

    opened = open

    def strict(path, *args, **options):  # such as FAT
        if ":" in os.path.basename(path):
            raise OSError(errno.EINVAL, "Invalid argument", path)
        return opened(path, *args, **options)

    monkeypatch.setattr("builtins.open", strict)
    with pytest.raises(CommandError, match="a file of this name cannot be created"):
        check_outputs({"--output": folder / "a:b"}, force=False)
    assert names(folder) == []


def test_a_folder_of_checkpoints_in_place_of_an_output(folder):
    """Fails if the name of the model is a folder of checkpoints when the model is there."""
    with pytest.raises(CommandError, match="--checkpoint m is also the name of an output"):
        check_folder("--checkpoint", "m", [folder / "m", None])
    check_folder("--checkpoint", "c", [folder / "m", None])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "m.skrnn"
    classifier = skrnn.RNNClassifier("rnn", 2, epochs=1, ngram_range=None, embeddings=None)
    pipeline = make_pipeline(skrnn.TextToSequence(), classifier.set_params(embedding_dim=2))
    skrnn.save(pipeline.fit(TEXTS, np.array(LABELS)), path)
    return str(path)


def write_table(path):
    path.write_text("\n".join(["text,label", *map(",".join, zip(TEXTS, LABELS, strict=True))]))


OCCLUSION = ["--method", "occlusion"]
COMMANDS = {
    "predict": lambda m: ["predict", m, "data.csv", "--text", "text", "--output", "o.csv"],
    "explain": lambda m: ["explain", m, "--text-value", "x", *OCCLUSION, "--output", "o.html"],
    "export": lambda m: ["export", m, "--output", "o.onnx"],
    "make-reviews": lambda m: ["make-reviews", "o.csv", "--rows", "3"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.slow
def test_each_command_leaves_what_came_into_being(name, model, folder, monkeypatch, capsys):
    """Fails if a command writes its file in another way than by `create_file`."""
    write_table(folder / "data.csv")
    command = COMMANDS[name](model)
    if name == "export":
        pytest.importorskip("onnx", reason="needs onnx to export")
        import onnx

        import skrnn.onnx

        monkeypatch.setattr(skrnn, "to_onnx", lambda _: onnx.ModelProto(), raising=False)
    output = folder / next(one for one in command if one.startswith("o."))
    checked = check_outputs

    def check_and_create(*args, **options):
        checked(*args, **options)
        output.write_text("precious")

    monkeypatch.setattr(
        f"skrnn.cli.commands.{name.replace('-', '_')}.check_outputs", check_and_create
    )
    assert main(command) == 2
    err = capsys.readouterr().err
    assert output.read_text() == "precious"
    (beside,) = folder.glob("o-2.*")
    assert f"{beside.name}." in err and err.count("\n") == 1 and beside.stat().st_size >= 0
    assert main([*command, "--force"]) == 0
    assert output.read_bytes() == beside.read_bytes()


def test_training_leaves_what_came_into_being(folder, monkeypatch, capsys):
    """Fails if the model or the report replaces a file, or one of them is lost with the other."""
    write_table(folder / "data.csv")
    fit = skrnn.RNNClassifier.fit

    def fit_slowly(self, *args, **options):
        made = fit(self, *args, **options)
        (folder / "model.skrnn").write_text("precious")
        return made

    monkeypatch.setattr(skrnn.RNNClassifier, "fit", fit_slowly)
    assert main(["train", "data.csv", "--text", "text", "--label", "label", *SMALL]) == 2
    err = capsys.readouterr().err
    assert "model.skrnn is a file that has come into being during the work" in err
    assert "complete in" in err and err.count("\n") == 1
    assert (folder / "model.skrnn").read_text() == "precious"
    assert skrnn.load(folder / "model-2.skrnn").predict(["good"]).shape == (1,)
    # A name as long as a name may be holds a model, too.
    long = "m" * 249 + ".skrnn"
    options = [*SMALL, "--output", long]
    assert main(["train", "data.csv", "--text", "text", "--label", "label", *options]) == 0
    assert skrnn.load(folder / long).predict(["good"]).shape == (1,)


def test_the_model_is_saved_before_what_can_fail(folder, monkeypatch, capsys):
    """Fails if scores that cannot be computed take the training with them."""
    write_table(folder / "data.csv")

    def broken(*_, **__):
        raise MemoryError("Unable to allocate 7 GiB")

    monkeypatch.setattr("skrnn.cli.tasks.classify.measure", broken)
    options = [*SMALL, "--validation", "0.3"]
    assert main(["train", "data.csv", "--text", "text", "--label", "label", *options]) == 2
    err = capsys.readouterr().err
    assert "not enough memory (Unable to allocate 7 GiB)" in err and err.count("\n") == 1
    assert skrnn.load(folder / "model.skrnn").predict(["good"]).shape == (1,)
