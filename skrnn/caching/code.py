"""What a function or a class does: its code, and everything that the code names.

A function may call others, read globals, and reach both through modules. What belongs to the user,
a script, a notebook, a module beside them, is followed. What is installed, Python's own library
included, is known by its name and version.
"""

import builtins
import dis
import functools
import hashlib
import importlib
import importlib.util
import inspect
import os
import platform
import sys
import sysconfig
import threading
import weakref
from pathlib import Path
from types import CodeType, ModuleType

from skrnn.backend.versions import versions_of_module
from skrnn.exceptions import UnknownObjectError

# What the code that names them does depends on something else than code: text that is evaluated,
# modules and globals named at run time, the environment.
_ELSEWHERE = {"eval", "exec", "compile", "globals", "__import__", "input"}
_ELSEWHERE_IN = {"import_module", "environ", "getenv", "run_path", "run_module"}
_READING = {"read_text", "read_bytes", "read_csv", "read_json", "read_parquet", "read_table"} | {
    "read_pickle", "loadtxt", "genfromtxt", "fromfile", "memmap",
}  # fmt: skip
_WRITING = ("w", "a", "x")
_OF_PROCESS = (os.getenv, importlib.import_module)
_LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_LOCAL = (
    "LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "STORE_FAST_LOAD_FAST",
)  # fmt: skip
# They decide who waits for whom, and no result.
_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition, threading.local)
# Set by Python, or by `abc` and `enum` as caches, on a class.
_OF_ANY_CLASS = {
    "__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__dict__",
    "__doc__", "__firstlineno__", "__module__", "__qualname__", "__static_attributes__",
    "__weakref__", "__orig_bases__", "__parameters__", "__match_args__", "__dataclass_fields__",
    "__dataclass_params__", "_abc_impl", "__abstractmethods__", "__init_subclass__",
    "__subclasshook__", "__slotnames__",
}  # fmt: skip


def names_of(function):
    """Return what the code of a function names, as pairs of name and value.

    Parameters
    ----------
    function : FunctionType
        Of a library, only its home is returned.

    Raises
    ------
    UnknownObjectError
        If what the function does also depends on something that cannot be followed.
    """
    namespace = function.__globals__
    if is_installed(namespace):
        return [home(namespace)]
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    known = {name: _content(cell) for name, cell in cells}
    return _Names(function.__qualname__, namespace, known).of(function.__code__)


def cells_of(function):
    """Return the values that a function closes over; modules are followed where it uses them."""
    found = map(_content, function.__closure__ or ())
    return [None if isinstance(value, ModuleType) else value for value in found]


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def members_of(kind):
    """Return what distinguishes a class from another of its name: members, and those of its bases.

    Of a class of a library, only the home is returned.
    """
    found: list = []
    for base in kind.__mro__:
        namespace = namespace_of(base)
        if is_installed(namespace):
            found.append([base.__qualname__, home(namespace)])
        else:
            members = vars(base).items()
            found.append({k: v for k, v in members if k not in _OF_ANY_CLASS and _is_content(v)})
    if type(kind) is not type:
        found.append(type(kind))
    return found


def _is_content(member):
    slots = inspect.ismemberdescriptor(member) or inspect.isgetsetdescriptor(member)
    return not slots and not isinstance(member, weakref.ref)


class _Names:
    """What a function names; `known` are the variables that are known to be modules, or others."""

    def __init__(self, owner, namespace, known):
        self.owner, self.namespace, self.found = owner, namespace, []
        self.known = {name: v for name, v in known.items() if isinstance(v, ModuleType)}

    def of(self, code):
        steps = [s for s in dis.get_instructions(code) if s.opname not in _SILENT]
        for i, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                self._import(steps, i)
        for i, step in enumerate(steps):
            if step.opname in _LOADS:
                self._global(code, steps, i)
            elif step.opname.startswith(_LOCAL):
                self._local(steps, i)
            elif step.opname in _ATTRIBUTES and step.argval in _READING:
                raise self._cannot(f"reads a file ({step.argval})")
        for part in code.co_consts:
            if isinstance(part, CodeType):
                self.of(part)
        return self.found

    def _local(self, steps, i):
        names = steps[i].argval
        names = names if isinstance(names, tuple) else (names,)
        if steps[i].opname.startswith("STORE"):
            names = names[1:]
        for name in names:
            if name in self.known:  # of two that are loaded at once, the attribute is the last's
                self._reach(name, self.known[name], steps, i if name == names[-1] else len(steps))

    def _global(self, code, steps, i):
        name = steps[i].argval
        if name in self.namespace:
            self._reach(name, self.namespace[name], steps, i)
        elif name in _ELSEWHERE:
            raise self._cannot(f"calls {name}")
        elif name == "open" and not _only_writes(code):
            raise self._cannot("reads a file (open)")
        elif not hasattr(builtins, name):
            self.found.append((name, "missing"))

    def _reach(self, name, value, steps, i):
        """Add a value, or what is reached from it by attributes if it is a module."""
        while isinstance(value, ModuleType):
            i += 1
            step = steps[i] if i < len(steps) else None
            if step is None or step.opname not in _ATTRIBUTES:
                break  # the module as a whole is passed on
            name = f"{name}.{step.argval}"
            if step.argval in _ELSEWHERE_IN and is_installed(vars(value)):
                raise self._cannot(f"uses {name}")
            if is_installed(vars(value)):
                value = _of_installed(value, step.argval)
            else:
                value = getattr(value, step.argval, "missing")
        if isinstance(value, type(os.environ)) or any(value is one for one in _OF_PROCESS):
            raise self._cannot(f"uses {name}")
        if not isinstance(value, _LOCKS):
            self.found.append((name, value))

    def _import(self, steps, i):
        """Follow an import inside a function."""
        level, only = (steps[i - k].argval for k in (2, 1))
        name = steps[i].argval
        if level:
            package = self.namespace.get("__package__") or ""
            name = importlib.util.resolve_name("." * level + name, package)
        if is_installed_name(name):
            self.found.append((name, _version(name.partition(".")[0])))
            return
        module = _imported(name)
        if module is None:
            self.found.append((name, "missing"))
            return
        after = steps[i + 1 :]
        if only is None:
            as_whole = after and after[0].opname.startswith("STORE")
            top = sys.modules.get(name.partition(".")[0], module) if as_whole else module
            stored = next((s.argval for s in after if s.opname.startswith("STORE")), None)
            self._know(stored, top)
            return
        for k, step in enumerate(after):
            if step.opname == "IMPORT_FROM":
                value = getattr(module, step.argval, None) or _imported(f"{name}.{step.argval}")
                if isinstance(value, ModuleType):
                    self._know(after[k + 1].argval, value)
                else:
                    self.found.append((step.argval, value))
            elif not step.opname.startswith("STORE"):
                break

    def _know(self, variable, module):
        names = variable if isinstance(variable, tuple) else (variable,)
        self.known.update(dict.fromkeys(names, module))

    def _cannot(self, what):
        home = self.namespace.get("__name__")
        return UnknownObjectError(
            f"What the function {home}.{self.owner} returns cannot be known by its code: it {what}."
        )


_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
_SILENT = ("CACHE", "EXTENDED_ARG", "NOP", "PRECALL", "RESUME", "PUSH_NULL", "NOT_TAKEN")


def _only_writes(code):
    """Whether the modes of files that a code opens are those of writing."""
    modes = [c for c in code.co_consts if isinstance(c, str) and 0 < len(c) <= 3]
    return any(mode.startswith(_WRITING) and "+" not in mode for mode in modes) and not any(
        mode in ("r", "rb", "rt") for mode in modes
    )


def _of_installed(module, name):
    """Return what an attribute of a library is known by: plain values by their value."""
    value = getattr(module, name, "missing")
    if isinstance(value, ModuleType | str | bytes | int | float | frozenset):
        return value
    if callable(value) and not is_installed(namespace_of(value)):
        return value  # put there by the user
    return home(vars(module))


def namespace_of(value):
    """Return the namespace of the module in which a function or a class was defined."""
    namespace = getattr(value, "__globals__", None)
    if isinstance(namespace, dict):
        return namespace
    name = getattr(value, "__module__", None)
    if not isinstance(name, str) or name.startswith("_cython_"):  # it was not written in Python
        name = "builtins"
    module = sys.modules.get(name)
    return {"__name__": ""} if module is None else vars(module)


def _imported(name):
    try:
        return importlib.import_module(name)
    except Exception:  # the function will raise it, or has its own way then
        return None


# --- What is installed ---


@functools.cache
def _folders():
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return tuple(str(Path(folder).resolve()) for folder in found)


def is_installed(namespace):
    """Whether a module, given by its namespace, is part of Python, of a package, or of skrnn."""
    name, file = namespace.get("__name__", ""), namespace.get("__file__")
    if name.partition(".")[0] == "skrnn":
        return True
    if file is not None:
        return _is_in_installation(file)
    origin = getattr(namespace.get("__spec__"), "origin", None)
    return origin in ("built-in", "frozen")


@functools.lru_cache(maxsize=4096)
def _is_in_installation(file):
    path = Path(file).resolve()
    if {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _folders())


def is_installed_name(name):
    """Whether the module of a name is installed; it is not imported."""
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if module is not None:
        return is_installed(vars(module))
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and is_installed(
        {"__name__": top, "__file__": spec.origin if spec.has_location else None, "__spec__": spec}
    )


def home(namespace):
    """Return what distinguishes a module from another of its name: its package's version."""
    name = namespace.get("__name__", "")
    version = _version(name.partition(".")[0]) if is_installed(namespace) else None
    if version is None:
        version = _file_hash(namespace.get("__file__"))
    return [name, version]


@functools.cache
def _version(package):
    found = getattr(sys.modules.get(package), "__version__", None)
    if isinstance(found, str):
        return found
    if package in sys.stdlib_module_names:
        return platform.python_version()
    return versions_of_module(package) or None


@functools.cache
def _file_hash(file):
    try:
        return file and hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError:
        return None
