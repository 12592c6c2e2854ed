"""What differs between the tasks of the command line: one module for each of them.

A module has the name of its task, and a :class:`~skrnn.cli.tasks.base.Task` as ``TASK``. The
commands ask it for everything that depends on the task. A new task is a module, a name in
`TASKS`, and a line in `task_class`.
"""

from skrnn.exceptions import CommandError

# Their modules import NumPy, so they are imported when a command runs, and not for its help.
TASKS = ("classify", "regress")


def add_task_option(parser):
    """Add --task."""
    parser.add_argument(
        "--task",
        choices=TASKS,
        default=TASKS[0],
        help="what to predict: classify, the class of a text, or regress, a number "
        "(default: classify)",
    )


def task_class(name):
    """Return the class of a task by its name, one of `TASKS`."""
    from skrnn.cli.tasks import classify, regress

    return {"classify": classify, "regress": regress}[name].TASK


def task_of_model(pipeline, path):
    """Return the task of a fitted pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    path : path-like
        Its file, for errors.

    Returns
    -------
    Task

    Raises
    ------
    CommandError
        If no task of the command line answers as this pipeline does.
    """
    for name in TASKS:
        if (task := task_class(name)).answers(pipeline):
            return task.of_model(pipeline, path)
    kind = getattr(getattr(pipeline[-1], "head_", None), "kind", None)
    what = "several labels per text" if kind == "labels" else f"with {type(pipeline[-1]).__name__}"
    raise CommandError(
        f"{path} predicts {what}, which the command line does not support. Use it in Python, with "
        "skrnn.load."
    )
