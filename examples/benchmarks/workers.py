"""Worker processes, one for each row of the table, that run one task at a time on request.

Each runs a script of `peers/` with its own Python, and communicates by JSON lines over stdin and
stdout (`peers/protocol.py`). While one works, the others wait for input and do not use a core.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
# TensorFlow's greetings would only hide what matters in a log, and a GPU would be another
# benchmark. Threads stay at the libraries' defaults.
ENVIRONMENT = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


class Worker:
    """A process that runs a peer.

    Parameters
    ----------
    python : Path
        The interpreter of its environment.
    script : str
        Name of a file in `peers/`, without its ending.
    name : str
        Name in error messages.
    variables : dict
        Additional environment variables.
    """

    def __init__(self, python, script, name, variables=()):
        self.name = name
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        # A session of its own: Ctrl-C reaches the benchmark alone, which then ends all workers
        # together with whatever they have started.
        self._process = subprocess.Popen(
            [str(python), str(PEERS / f"{script}.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            env={**ENVIRONMENT, **dict(variables)},
        )

    def ask(self, do, **arguments):
        """Run the task `do` and return its result, a dict."""
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            self._process.wait()
            raise RuntimeError(f"{self.name} ended while doing {do!r}:\n{self._log_tail()}")
        answer = json.loads(answer)
        if "error" in answer:
            raise RuntimeError(f"{self.name} failed while doing {do!r}:\n{answer['error']}")
        return answer

    def kill(self):
        """Kill the process and its children. A task that waits for an answer ends with an error."""
        if self._process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def close(self):
        """Kill the process and its children without waiting for results."""
        self.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self):
        """Return self."""
        return self

    def __exit__(self, *error):
        """Close."""
        self.close()

    def _log_tail(self):
        self._log.seek(0)
        return self._log.read()[-4000:].decode(errors="replace")


def end_on_termination():
    """Make SIGTERM raise an exception like Ctrl-C, so that workers are closed."""

    def stop(*_):
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, stop)


def say(line):
    """Print progress to stderr, because stdout is for the tables."""
    print(line, file=sys.stderr, flush=True)


def write_reviews(python, folder, rows, test_rows, max_length):
    """Tokenize reviews with skrnn (`workload.py`), and return the path and its description."""
    say(f"Tokenising {rows + test_rows} reviews")
    path = Path(folder) / f"reviews-{max_length or 'whole'}.npz"
    command = [python, PEERS.parent / "workload.py", "--output", path]
    command += ["--rows", rows, "--test-rows", test_rows]
    if max_length:
        command += ["--max-length", max_length]
    told = subprocess.run(
        list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    return str(path), json.loads(told.stdout)
