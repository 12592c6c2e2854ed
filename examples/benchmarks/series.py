"""Compare skrnn with other libraries on series: accuracy or error, and seconds.

    SKRNN_DATA=folder/of/the/data python examples/benchmarks/series.py --json series.json

The script needs only Python 3.11 and pip. Each library gets its own virtual environment, which is
created at the first run and kept (``--envs``). The sets are those of `series_data.py`, with their
official split. Of spoken digits there is also the mean of six splits, each without one speaker in
the training data.

All libraries run with their defaults, on all cores. Only the seed is set. Where rows have different
lengths, libraries that need one length get rows that are resampled to 100 steps (also rows of less
than 9 or 11 steps for the Rockets, because their kernels have that length).

Every library runs in its own process, which first fits a set of few rows, untimed, so that imports
and compilation do not count. Their time is reported below the tables. Then all libraries take
turns on each set and seed, while the others wait. Seconds are those of `fit` and `predict`
together, the mean of the seeds: CPU seconds, user and system, of a process and its children, which
hardly depend on what else the machine does, and those of the clock. A fit that takes longer than
``--limit`` minutes is stopped, and the library is left out of the set. What does not depend on a
seed runs once.

The last table has the scores of skrnn on the same series multiplied by 10^6 or 10^-6, or shifted by
10^6, which should change nothing.
"""

import argparse
import json
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from environments import default_folder, make_environment, versions
from machine import describe_machine, print_machine
from series_rows import CHANGES, OURS, RIVALS, SETS
from series_tables import print_sets, print_tables
from workers import ENVIRONMENT, Worker, end_on_termination, say

WARM_UP = {"classify": "ItalyPowerDemand", "regress": "Covid3Month"}


def main():
    """Create the environments, run all fits and print the tables."""
    end_on_termination()
    args = parse()
    rivals = [rival for rival in RIVALS if rival.key in args.rivals]
    names = dict.fromkeys(["skrnn", *(rival.environment for rival in rivals)])
    pythons = {name: make_environment(name, args.envs, say) for name in names}
    machine = describe_machine()
    found = {
        "machine": machine,
        "versions": {name: versions(name, python) for name, python in pythons.items()},
        "arguments": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()},
        "runs": [],
    }
    with tempfile.TemporaryDirectory() as folder:
        warm_ups = dict.fromkeys(WARM_UP[SETS[name][1]] for name in args.sets)
        data = write_series(pythons["skrnn"], folder, {*args.sets, *warm_ups})
        found["sets"] = {name: data[name] for name in args.sets}
        paths = {
            name: {split: told.pop("path") for split, told in splits.items()}
            for name, splits in data.items()
        }
        team = Team(rivals, pythons, paths, args.limit * 60)
        try:
            for name in args.sets:
                measure(name, paths[name], rivals, team, args, found["runs"])
                if args.json:  # after each set, since the whole takes hours
                    args.json.write_text(json.dumps(found, indent=1) + "\n")
        finally:
            team.close()
        found["starts"] = team.starts
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    print("## Series\n")
    print_machine(machine, found["versions"])
    print_sets(found["sets"])
    print_tables(found)


def parse():
    """Return the parsed command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--envs", type=Path, default=default_folder(), help="folder of the environments")
    add("--json", type=Path, help="write all measurements here")
    add("--seeds", type=int, default=3)
    add("--rival-seeds", type=int, help="seeds of the other libraries; default: --seeds")
    add("--limit", type=float, default=10.0, help="minutes of a fit and prediction")
    add("--sets", nargs="+", choices=SETS, default=list(SETS))
    keys = [rival.key for rival in RIVALS]
    add("--rivals", nargs="+", choices=keys, default=keys)
    add("--no-changes", action="store_true", help="skip multiplied and shifted series")
    args = parser.parse_args()
    if args.rival_seeds is None:
        args.rival_seeds = args.seeds
    return args


def write_series(python, folder, names):
    """Write sets with `series_data.py`, and return its descriptions."""
    script = Path(__file__).resolve().parent / "series_data.py"
    command = [str(python), str(script), "--folder", folder, *sorted(names)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    return json.loads(told.stdout)


def measure(name, splits, rivals, team, args, runs):
    """Let all rivals take turns on the splits of a set, and append to `runs`."""
    stopped = set()
    for seed in range(args.seeds):
        first = seed % len(rivals)
        for split, path in splits.items():
            for rival in rivals[first:] + rivals[:first]:
                n_seeds = args.seeds if rival.key == OURS else args.rival_seeds
                if rival in stopped or seed >= (n_seeds if rival.is_random else 1):
                    continue
                answer = team.run(rival, name, path, seed)
                if "failed" in answer:
                    stopped.add(rival)
                runs.append(
                    {"set": name, "split": split, "rival": rival.key, "seed": seed, **answer}
                )
                say(f"{split}, seed {seed}, {rival.title}: {answer}")
    if args.no_changes or not any(rival.key == OURS for rival in rivals) or len(splits) > 1:
        return
    ours = next(rival for rival in rivals if rival.key == OURS)
    ((split, path),) = splits.items()
    for change in CHANGES:
        answer = team.run(ours, name, path, 0, change)
        runs.append(
            {"set": name, "split": split, "rival": OURS, "seed": 0, "change": change, **answer}
        )
        say(f"{split} {change}, {ours.title}: {answer}")


class Team:
    """A process for each rival, started when it is needed and again after a failure.

    Parameters
    ----------
    rivals : list of Rival
    pythons : dict
        The interpreter of each environment.
    paths : dict
        Files of the sets that a process fits before any time is taken.
    limit : float
        Seconds of a fit.
    """

    def __init__(self, rivals, pythons, paths, limit):
        self.pythons, self.paths, self.limit = pythons, paths, limit
        self.starts = {rival.key: {} for rival in rivals}
        self._workers, self._warm = {}, {}

    def run(self, rival, name, path, seed, change=None):
        """Return the figures of one fit, or {"failed": reason}."""
        late = threading.Event()
        try:
            worker = self._worker(rival, SETS[name][1])
            worker.ask("prepare", path=path, change=change, **rival.settings)
            with time_limit(self.limit, late, worker):
                return worker.ask("run", seed=seed)
        except RuntimeError as error:
            # It may have ended, or hold memory.
            self._workers.pop(rival).close()
            reason = str(error).strip().splitlines()[-1]
            return {"failed": f"over {self.limit / 60:g} minutes" if late.is_set() else reason}

    def _worker(self, rival, task):
        """Return the process of a rival, which has done the task before."""
        if rival not in self._workers:
            say(f"Starting {rival.title}")
            python = self.pythons[rival.environment]
            self._workers[rival] = Worker(python, rival.script, rival.title)
            self._warm[rival] = set()
        worker = self._workers[rival]
        if task not in self._warm[rival]:
            (path,) = self.paths[WARM_UP[task]].values()
            start = time.perf_counter()
            worker.ask("prepare", path=path, **rival.settings)
            worker.ask("run", seed=0)
            self.starts[rival.key].setdefault(task, time.perf_counter() - start)
            self._warm[rival].add(task)
        return worker

    def close(self):
        """End all processes."""
        for worker in self._workers.values():
            worker.close()


@contextmanager
def time_limit(seconds, late, worker):
    """Kill the process of a worker after some seconds, and set `late`."""

    def stop():
        late.set()
        worker.kill()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


if __name__ == "__main__":
    main()
