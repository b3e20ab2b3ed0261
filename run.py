"""Start Chainrule from a fresh checkout: make .venv, install the pinned packages into it once, and run.

    python3 run.py [arguments]               start the program
    python3 run.py test [pytest arguments]   run every check

Only the standard library, and no syntax newer than Python 3.6: an old Python has to get far enough to say so.
"""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "chainrule-installed"
VERSION = "{}.{}".format(*sys.version_info[:2])
SUDO = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "

# What Qt loads on Linux, and the packages that bring it and the rest of what a bare system may lack.
LIBRARIES = {
    "qt": "libEGL.so.1 libGL.so.1 libX11.so.6 libxkbcommon.so.0 libfontconfig.so.1 libdbus-1.so.3 libglib-2.0.so.0",
    "x11": "libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-keysyms.so.1 libxcb-shape.so.0 libxkbcommon-x11.so.0",
}
PACKAGES = {
    "apt-get install": {
        "python": "python3.11",
        "venv": f"python{VERSION}-venv",
        "qt": "libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0",
        "x11": "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0",
    },
    "dnf install": {
        "python": "python3.12",
        "qt": "libglvnd-egl libglvnd-glx libX11 libxkbcommon fontconfig dbus-libs glib2",
        "x11": "xcb-util-cursor xcb-util-wm xcb-util-keysyms libxcb libxkbcommon-x11",
    },
    "pacman -S": {
        "qt": "libglvnd libx11 libxkbcommon fontconfig dbus glib2",
        "x11": "xcb-util-cursor xcb-util-wm xcb-util-keysyms libxcb libxkbcommon-x11",
    },
}


def install_command(groups: List[str]) -> str:
    """The command that installs groups of `PACKAGES` on this system."""
    for installer, packages in PACKAGES.items():
        if shutil.which(installer.split()[0]):
            return f"{SUDO}{installer} {' '.join(packages.get(group, 'python') for group in groups)}"
    others = {"win32": "winget install Python.Python.3.13", "darwin": "brew install python"}
    return others.get(sys.platform, "the installer of your system, for what is named above")


def python_problem() -> str:
    """A sentence and a command that helps where this Python is too old, else nothing."""
    if sys.version_info >= (3, 11):
        return ""
    command = install_command(["python"])
    for name in ("python3.11", "python3.12", "python3.13", "python3.14"):
        if shutil.which(name) and subprocess.call([name, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            command = f"{name} run.py"
    return f"Chainrule needs Python 3.11 or newer, and this is Python {VERSION}. Run:\n    {command}"


def loads(library: str) -> bool:
    """Whether the system's loader finds a shared library."""
    try:
        return bool(ctypes.CDLL(library))
    except OSError:
        return False


def missing() -> Dict[str, str]:
    """What venv and Qt need and this system lacks, and the group of `PACKAGES` it belongs to."""
    lacking = {} if importlib.util.find_spec("ensurepip") else {"the Python module ensurepip": "venv"}
    if sys.platform.startswith("linux"):
        on_x11 = os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY")
        for group in ("qt", "x11") if on_x11 else ("qt",):
            lacking.update((name, group) for name in LIBRARIES[group].split() if not loads(name))
    return lacking


def system_problem() -> str:
    """Install what the system lacks where that is ours to do (root with apt: a container), else say how."""
    lacking = missing()
    command = install_command(sorted(set(lacking.values())))
    if lacking and command.startswith("apt-get"):
        for step in ("apt-get update", f"env DEBIAN_FRONTEND=noninteractive {command} --yes --no-install-recommends"):
            subprocess.call(step.split(), stdin=subprocess.DEVNULL, stdout=sys.stderr)
        importlib.invalidate_caches()
        lacking = missing()
    return f"This system lacks {', '.join(lacking)}. Run:\n    {command}" if lacking else ""


def install(extra: str) -> None:
    """Make .venv and install the program with an extra ("[test]" or ""), unless the stamp says that this was done."""
    parts = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "constraints.txt")]
    digest = hashlib.sha256("\0".join([*parts, sys.version, str(ROOT)]).encode()).hexdigest()
    stamp = STAMP.read_text("utf-8").split() if STAMP.exists() and PYTHON.exists() else []
    if stamp[:1] == [digest] and extra in ["", *stamp]:
        return
    print("Chainrule: installing into .venv, only this once ...", file=sys.stderr, flush=True)
    if STAMP.exists():
        STAMP.unlink()  # until the last step is done, nothing counts as installed
    usable = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    if not PYTHON.exists() or subprocess.call([PYTHON, "-c", usable], stderr=subprocess.DEVNULL):
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(VENV)], stdout=sys.stderr)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    subprocess.check_call([*pip, "-c", "constraints.txt", "-e", f".{extra}"], cwd=str(ROOT), stdout=sys.stderr)
    STAMP.write_text(f"{digest} {extra}", "utf-8")


def check(pytest_arguments: List[str]) -> int:
    """Run every check, all of them even if one fails, and return 1 if one did."""
    tests = ["pytest", "-n", "2", "--dist", "loadfile", *pytest_arguments]
    tools = (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], tests)
    failed = [" ".join(tool[:2]) for tool in tools if subprocess.call([str(PYTHON), "-m", *tool], cwd=str(ROOT))]
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def main(arguments: List[str]) -> int:
    """Do what the command line asks for and return the exit code."""
    problem = python_problem() or system_problem()
    if problem:
        print(problem, file=sys.stderr)
        return 2
    testing = arguments[:1] == ["test"]
    install("[test]" if testing else "")
    if testing:
        return check(arguments[1:])
    command = [str(PYTHON), "-P", "-m", "app", *arguments]
    if os.name == "posix":
        os.execv(command[0], command)
    return subprocess.call(command)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (KeyboardInterrupt, subprocess.CalledProcessError) as error:
        sys.exit(f"Chainrule stopped: {str(error) or 'interrupted'}. Start run.py again to go on.")
