"""The worker's end of the line: read a command, do it, answer, wait for the next."""

import json
import os
import sys
import time
import traceback
from pathlib import Path


def serve(peer):
    """Call the methods of `peer` as stdin says, until it is closed.

    A command is a JSON object on a line; "do" names the method, the rest are its arguments. The
    answer is the dict that the method returns, or {"error": traceback}. What a peer has:

    - ``prepare(**settings)``: data and network, and whatever a library does once;
    - ``epoch(epochs=1)``: so many training epochs in one call; "seconds" of the last one, "loss"
      and, where epochs are part of a longer call, "around_seconds" of what is not epochs;
    - ``predict()``: "seconds" for all test reviews, and "accuracy".
    """
    # Libraries print to stdout as they like; answers go to what it was.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(peer, command.pop("do"))(**command) or {}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


class Stopwatch:
    """Seconds since it was made or last read."""

    def __init__(self):
        self._since = time.perf_counter()

    def read(self):
        """Return the seconds and start again."""
        now = time.perf_counter()
        seconds, self._since = now - self._since, now
        return seconds


def cpu_seconds():
    """Return the CPU seconds, user and system, of this process and of its children.

    On Linux, children that still run count too: a pool of workers stays for the next task.
    """
    total, parents = sum(os.times()[:4]), {os.getpid()}
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        # State, parent, ...; user and system ticks, also those of the children it has waited for.
        found[int(path.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    while True:
        children = {pid for pid, (parent, _) in found.items() if parent in parents} - parents
        if not children:
            return total
        total += sum(found[pid][1] for pid in children) / os.sysconf("SC_CLK_TCK")
        parents |= children
