"""One virtual environment for each library, so that no library changes the versions of another.

This needs only Python and pip.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The newest versions that pip finds, as a new user would get them. PyTorch is pinned because its
# newer wheels on PyPI are CUDA builds, and the benchmark measures the CPU.
TORCH = "torch==2.13.0"
REQUIREMENTS = {
    # Editable, so that the code of this checkout is measured.
    "skrnn": ["-e", str(ROOT)],
    "keras": ["keras", "tensorflow"],
    "scikeras": ["scikeras", "keras", "tensorflow"],
    "torch": [TORCH, "numpy"],
    "skorch": ["skorch", TORCH],
    "onnxruntime": ["onnxruntime", "onnx", "numpy"],
    "aeon": ["aeon"],
    # pip would find no bound of sktime, which has none of its own without an extra.
    "sktime": ["sktime", "tensorflow<2.20"],
    "crfsuite": ["sklearn-crfsuite"],
}
TOLD = {
    "skrnn": [
        "skrnn",
        "tensorflow",
        "keras",
        "scikeras",
        "scikit-learn",
        "numpy",
        "scipy",
        "numba",
    ],
    "keras": ["keras", "tensorflow", "numpy"],
    "scikeras": ["scikeras", "keras", "tensorflow", "scikit-learn", "numpy"],
    "torch": ["torch", "numpy"],
    "skorch": ["skorch", "torch", "scikit-learn", "numpy"],
    "onnxruntime": ["onnxruntime", "onnx", "numpy"],
    "aeon": ["aeon", "scikit-learn", "numba", "numpy"],
    "sktime": ["sktime", "tensorflow", "keras", "scikit-learn", "numpy"],
    "crfsuite": ["sklearn-crfsuite", "python-crfsuite", "scikit-learn"],
}


def default_folder():
    """Return the default folder of the environments."""
    return Path.home() / ".cache" / "skrnn-benchmarks"


def make_environment(name, folder, say=print):
    """Return the Python of an environment. Create it if it is missing or outdated.

    Parameters
    ----------
    name : str
        A key of `REQUIREMENTS`.
    folder : Path
        Contains one environment for each name.
    say : callable
        Is called with a line of progress.
    """
    home = Path(folder).expanduser().resolve() / name
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # Written last, so that an interrupted installation is repeated.
    receipt = home / "requirements.json"
    wanted = json.dumps([REQUIREMENTS[name], sys.version])
    if name == "skrnn":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted += json.dumps(project["dependencies"])
    if python.exists() and receipt.exists() and receipt.read_text() == wanted:
        return python
    say(f"Making the environment of {name} in {home}: pip install {' '.join(REQUIREMENTS[name])}")
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *REQUIREMENTS[name]], check=True)
    receipt.write_text(wanted)
    return python


def versions(name, python):
    """Return {"python": ..., package: version} of an environment."""
    code = (
        "import json, platform, sys; from importlib.metadata import version;"
        "print(json.dumps({'python': platform.python_version(),"
        " **{p: version(p) for p in sys.argv[1:]}}))"
    )
    told = subprocess.run(
        [str(python), "-c", code, *TOLD[name]], check=True, capture_output=True, text=True
    )
    return json.loads(told.stdout)
