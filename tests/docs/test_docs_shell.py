"""The page on the command line says what runs: its bash blocks are run in order, in one shell."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_page_runs_as_written_and_in_silence(tmp_path):
    """Fails if a block does not run, warns, or does not write what the page says."""
    pytest.importorskip("onnx", reason="needs onnx to export")
    pytest.importorskip("matplotlib", reason="the report has pictures")
    page = (ROOT / "docs" / "command_line.md").read_text()
    blocks = re.findall(r"^```bash\n(.*?)^```$", page, re.M | re.S)
    assert len(blocks) == 8
    commands = set(re.findall(r"^skrnn ([\w-]+)", "".join(blocks), re.M))
    titles = set(re.findall(r"^## (\w+)$", page, re.M)) - {"Tables"}
    assert commands - {"make-reviews"} == titles
    # `head` closes the pipe early, which is no failure.
    script = "set -eu\n" + "\n".join(blocks)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = (
        "reviews.csv new.csv answers.csv scores.json report.html why.html model.skrnn stars.csv"
    )
    assert {path.name for path in tmp_path.iterdir()} == {
        *written.split(),
        "model.onnx",
        "stars.skrnn",
    }
    table = re.search(r"^RNN \(lstm\) +(\S+).*\nNB-SVM\S* \S+ \S+ \S+ +(\S+)", done.stdout, re.M)
    # The settings that the page says suit the reviews do.
    assert float(table[1]) > 0.9 > 0.7 > float(table[2])
