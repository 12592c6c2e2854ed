"""``skrnn train``: train, score and save a model of texts."""

import argparse
import contextlib
import shlex
import sys
import time
import warnings
from functools import partial
from pathlib import Path

from skrnn.cli.errors import refusals, require
from skrnn.cli.new_files import create_file, file_size, write_file
from skrnn.cli.options import add_force_option, add_network_options, add_table_options, file_path
from skrnn.cli.outputs import check_folder, check_outputs, check_page
from skrnn.cli.pipeline import check_savable, make_network
from skrnn.cli.score_tables import text_table
from skrnn.cli.streams import say
from skrnn.cli.tasks import add_task_option, task_class
from skrnn.exceptions import CommandError


def add_parser(commands):
    """Add the command."""
    parser = commands.add_parser(
        "train",
        help="train a classifier or a regressor on a table of texts",
        description=(
            "Train a network on most rows of FILE, score it and some baselines on the other "
            "rows, and save the scored model."
        ),
    )
    add_table_options(parser, label=True)
    add_task_option(parser)
    parser.add_argument(
        "--output",
        type=file_path,
        default=Path("model.skrnn"),
        help="file for the model (model.skrnn)",
    )
    parser.add_argument(
        "--validation",
        default="0.2",
        metavar="FRACTION|FILE",
        help="share of rows to hold out for the scores, or a table of held-out rows; 0 trains on "
        "all rows, without scores (default: 0.2)",
    )
    parser.add_argument("--no-baselines", action="store_true", help="score the network only")
    parser.add_argument("--report", type=file_path, metavar="FILE.html", help="write a report")
    parser.add_argument(
        "--checkpoint",
        type=file_path,
        metavar="FOLDER",
        help="save checkpoints there, and continue from them after an interruption",
    )
    add_force_option(parser)
    add_network_options(parser)
    parser.set_defaults(run=run, outlasts_output=True)


def run(arguments):
    """Run the command."""
    if hasattr(sys.stdout, "reconfigure"):
        # So that a log or a pager shows each epoch when it ends.
        sys.stdout.reconfigure(line_buffering=True)
    share, held_out_file = _validation(arguments.validation)
    check_page("--report", arguments.report)
    inputs = [arguments.file] + ([held_out_file] if held_out_file else [])
    check_outputs(
        {"--output": arguments.output, "--report": arguments.report},
        inputs,
        force=arguments.force,
    )
    check_folder("--checkpoint", arguments.checkpoint, [arguments.output, arguments.report])
    if arguments.report is not None:
        _check_report(share, arguments.task)
    from skrnn.cli import data as training
    from skrnn.estimators.checkpointing import Checkpoint

    folder = arguments.checkpoint
    data = training.read_data(arguments, share, held_out_file)
    network = make_network(
        arguments,
        # A progress bar in a terminal, lines in a file.
        verbose=1 if sys.stdout.isatty() else 2,
        checkpoint=None if folder is None else Checkpoint(str(folder)),
    )
    check_savable(network)
    for rows in filter(None, (data.train, data.held_out)):
        data.task.check_rows(network[-1], rows)
    print(training.describe(data), flush=True)
    seconds = _fit(network, data, arguments)
    # The saved model is for predictions: without a folder of this machine, and silent.
    network[-1].set_params(checkpoint=None, verbose=0)
    problems, predictions, saved = [], [], ""
    # First of all: nothing that fails later shall cost the training.
    with _noted(problems):
        saved = _save(arguments, data, network)
    with _noted(problems):
        if data.held_out is not None:
            name = f"RNN ({network[-1].cell})"
            predictions = [training.predictions(name, network, seconds, data)]
            if not arguments.no_baselines:
                predictions += training.baselines(data)
            print("\n" + _table(predictions, data), flush=True)
    if saved:
        print(f"\n{saved}")
    if arguments.report is not None and predictions:
        with _noted(problems):
            _write_report(arguments, data, network, predictions)
    if problems:
        raise CommandError(" ".join(problems))


@contextlib.contextmanager
def _noted(problems):
    """Note what could not be done, and go on with the rest."""
    try:
        yield
    except CommandError as error:
        problems.append(str(error))


def _validation(text):
    """Return the share of rows to hold out, or None and a file."""
    try:
        share = float(text)
    except ValueError:
        try:
            return None, file_path(text)
        except argparse.ArgumentTypeError as error:
            raise CommandError(f"--validation {error}.") from error
    if not 0 <= share < 1:
        raise CommandError(f"--validation {text}: a share must be at least 0 and below 1.")
    return share, None


def _check_report(share, task):
    if not task_class(task).has_report:
        raise CommandError(f"--report: there is no report for --task {task} yet. Leave it out.")
    if share == 0:
        raise CommandError("--report needs held-out rows. Remove --validation 0.")
    require("jinja2", "Reports")
    from skrnn.plotting import check_matplotlib

    try:
        check_matplotlib("--report")
    except ImportError as error:
        raise CommandError(str(error)) from error


def _fit(network, data, arguments):
    """Fit; return the seconds, or None if the fit continued from a checkpoint."""
    from skrnn.cli.data import checkpoint_folders
    from skrnn.estimators.checkpointing import checkpoint_of
    from skrnn.estimators.schedule import known_epochs

    estimator = network[-1]
    at_most = " at most" * estimator.early_stopping
    epochs = known_epochs(estimator.epochs)
    print(f"\nTraining: {estimator.cell}, epochs: {epochs}{at_most}", flush=True)
    # TensorFlow takes seconds to start, which do not belong to the fit.
    import skrnn.network.build  # noqa: F401

    checkpoint = checkpoint_of(estimator)
    folder = None if checkpoint is None else checkpoint.path
    before = checkpoint_folders(folder)
    start = time.perf_counter()
    _fit_network(network, data, arguments)
    seconds = time.perf_counter() - start
    # A new training has created a folder.
    resumed = folder is not None and checkpoint_folders(folder) == before
    return None if resumed else seconds


def _fit_network(network, data, arguments):
    from skrnn.cli.data import validation_rows

    try:
        with refusals("the network could not be trained: "), warnings.catch_warnings():
            # warn_of_labels has told it, with the numbers of rows.
            warnings.filterwarnings("ignore", r".* in y (look the same|differ in white space)")
            ids = network[0].fit_transform(data.train.texts)
            y = data.task.targets(data.train.truth)
            network[-1].fit(ids, y, **validation_rows(network, data))
    except KeyboardInterrupt:
        if arguments.checkpoint is not None:
            say(f"\nThe same command continues from the checkpoints in {arguments.checkpoint}.")
        raise


def _table(predictions, data):
    """Format the scores of the models as lines."""
    rows = [["", *data.task.score_names, "fit (s)"]]
    problems = []
    for one in predictions:
        if one.scores is None:
            problems.append(f"{one.name} could not be fitted: {one.problem}")
            continue
        seconds = "-" if one.fit_seconds is None else f"{one.fit_seconds:.1f}"
        rows.append([one.name, *data.task.score_cells(one.scores), seconds])
    if any(one.fit_seconds is None for one in predictions):
        problems.append("- (fit): continued from a checkpoint, so the total time is unknown")
    n = len(data.held_out)
    title = f"Scores on the {n:,} held-out row{'s' * (n > 1)}:"
    return "\n".join([title, text_table(rows), *problems])


def _save(arguments, data, network):
    from skrnn import save

    with refusals(f"cannot write {arguments.output}: "):
        size = create_file(
            arguments.output, partial(save, network), force=arguments.force, rescue=True
        )
    as_scored = "the scored model, " if data.held_out is not None else ""
    return f"{arguments.output}: {as_scored}fitted on {len(data.train):,} rows, {file_size(size)}"


def _write_report(arguments, data, network, predictions):
    from skrnn.cli.report.page import render
    from skrnn.cli.report.records import Run

    run = Run(
        source=str(arguments.file),
        classes=data.task.classes,
        train=data.train,
        held_out=data.held_out,
        how_held_out=data.how_held_out,
        n_dropped=data.n_dropped,
        pipeline=network,
        predictions=predictions,
        command=shlex.join(["skrnn", *arguments.argv]),
        model=str(arguments.output),
    )
    content = render(run).encode("utf-8", "backslashreplace")
    write_file(arguments.report, content, force=arguments.force, rescue=True)
    print(f"{arguments.report}: the report, a web page")
