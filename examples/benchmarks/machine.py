"""Describe the machine of a benchmark."""

import os
import platform
import sys
from pathlib import Path


def describe_machine():
    """Return names and versions of processor, memory, system and interpreter."""
    return {
        "processor": _processor(),
        "cores": _cores(),
        "memory_gb": _memory(),
        "system": _system(),
        "python": platform.python_version(),
        # At the start, because other load on the machine makes the figures unreliable.
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def print_machine(machine, versions=None):
    """Print the machine and the versions in each environment as Markdown."""
    print(
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; "
        f"{machine['system']}; load at the start {machine['load']}\n"
    )
    for name, packages in (versions or {}).items():
        print(f"- {name}: " + ", ".join(f"{k} {v}" for k, v in packages.items()))
    if machine["load"] is not None and machine["load"] > 0.5:
        print("\nThe machine was not idle; these numbers are doubtful.", file=sys.stderr)
    print()


def peak_memory():
    """Return the peak resident memory of this process in MB.

    `resource.getrusage` does not do: its maximum starts with that of the process that this one was
    forked from.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _memory():
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):
        return None


def _system():
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform()
    return f"{name}, {platform.system()} {platform.release()}"
