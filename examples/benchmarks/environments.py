"""A virtual environment for each library that is measured, so that none bends another's versions.

Only the standard library is needed: whoever has Python and pip can start the benchmarks.
"""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# By name, the newest that pip finds, as a new user would get them. PyTorch is pinned because its
# newer wheels on PyPI are of different builds (CUDA versions); what is measured is the CPU.
TORCH = "torch==2.13.0"
REQUIREMENTS = {
    # Editable: what is measured is the code as it stands in this checkout.
    "skrnn": ["-e", f"{ROOT}[numba]"],
    "keras": ["keras", "tensorflow"],
    "scikeras": ["scikeras", "keras", "tensorflow"],
    "torch": [TORCH, "numpy"],
    "skorch": ["skorch", TORCH],
    "onnxruntime": ["onnxruntime", "onnx", "numpy"],
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
}


def default_folder():
    """Return where environments are kept unless --envs says otherwise."""
    return Path.home() / ".cache" / "skrnn-benchmarks"


def make_environment(name, folder, say=print):
    """Return the Python of an environment; make it where it is missing or was made otherwise.

    Parameters
    ----------
    name : str
        A key of `REQUIREMENTS`.
    folder : Path
        Holds one environment a name.
    say : callable
        Takes a line that tells what is going on.
    """
    home = Path(folder).expanduser().resolve() / name
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # Written last: an installation that was broken off is done again.
    receipt = home / "requirements.json"
    wanted = json.dumps([REQUIREMENTS[name], sys.version])
    if name == "skrnn":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        wanted += json.dumps([project["dependencies"], project["optional-dependencies"]["numba"]])
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
