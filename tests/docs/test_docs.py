"""The pages say what runs: their Python blocks are run in order, each page in one process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


PAGES = [
    "README.md",
    "docs/quickstart.md",
    "docs/user_guide.md",
    "docs/explaining.md",
    "docs/tagging.md",
    "docs/metrics.md",
    "docs/pictures.md",
    "docs/inside_a_network.md",
    "docs/crf.md",
    "docs/persistence.md",
    "docs/onnx.md",
    "docs/faq.md",
    "docs/migration.md",
    "docs/with_other_tools.md",
]
# What the last page needs besides the environment of the tests; .ci/run makes one for it.
TOOLS = ["lime", "shap", "mlflow", "imblearn", "cleanlab", "mapie"]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_pages_run_as_written_and_in_silence(page, tmp_path):
    """Fails if a block of a page does not run, or its reader meets a warning or a log line."""
    if page == "docs/onnx.md":
        pytest.importorskip("onnx", reason="needs onnx to export")
        pytest.importorskip("onnxruntime", reason="needs onnxruntime to run what is exported")
    if page == "docs/with_other_tools.md":
        for name in TOOLS:
            pytest.importorskip(name, reason='needs the extra "tools"')
    blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.M | re.S)
    assert len(blocks) > 2
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks))
    result = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
