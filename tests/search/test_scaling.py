"""docs/scaling.md says what runs: its Python blocks, as one script."""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

PAGE = Path(__file__).parent.parent.parent / "docs" / "scaling.md"


def test_the_page_runs_as_written_and_every_engine_gives_the_same(tmp_path):
    """Fails if a block does not run, starts itself again in a worker, or has other scores."""
    pytest.importorskip("distributed", reason="needs dask and distributed")
    pytest.importorskip("ray", reason="needs ray")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    folder = tempfile.mkdtemp(prefix="ray-")  # short: paths of sockets have at most 107 bytes
    ray = {"RAY_TMPDIR": folder, "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    ray |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    try:
        result = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env=os.environ | ray,
            capture_output=True,
            text=True,
        )
    finally:
        shutil.rmtree(folder)
    assert result.returncode == 0, result.stderr
    # Two scores, of one search on all engines; another search of the page prints more.
    lines = [line for line in result.stdout.splitlines() if re.fullmatch(r"\[\S+ +\S+\]", line)]
    assert len(lines) == 5, result.stdout
    assert len(set(lines)) == 1, lines
    assert len(list(tmp_path.glob("checkpoints/*"))) >= 4
