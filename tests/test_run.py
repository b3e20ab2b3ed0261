"""The starter has to help exactly where nothing else works yet: an old Python, a bare system, a broken installation."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import run

RUN = Path(run.__file__)


class Calls:
    """Takes the place of `subprocess.call`: keeps the commands and answers with an exit code."""

    def __init__(self, code: Callable[[list[str]], int] = lambda command: 0) -> None:
        self.commands: list[str] = []
        self._code = code

    def __call__(self, command: list[str | Path], **options: object) -> int:
        words = [str(word) for word in command]
        self.commands.append(" ".join(words))
        if code := self._code(words):
            if "check" in options:
                raise subprocess.CalledProcessError(code, words)
            return code
        return 0

    def check(self, command: list[str | Path], **options: object) -> int:
        return self(command, **options, check=True)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    recorder = Calls()
    monkeypatch.setattr(subprocess, "call", recorder)
    monkeypatch.setattr(subprocess, "check_call", recorder.check)
    return recorder


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with nothing installed."""
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("numpy==2.4.6\n", encoding="utf-8")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    monkeypatch.setattr(run, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(run, "STAMP", tmp_path / ".venv" / "stamp")
    return tmp_path


def on_path(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)


def bare_linux(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    """A Linux whose loader does not find the libraries that are named; DISPLAY is as on a plain server."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(run, "loads", lambda library: library not in absent)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


def test_an_old_python_can_parse_run_py() -> None:
    ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_run_py_is_short_and_needs_nothing_installed() -> None:
    source = RUN.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 150
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


def test_old_python_is_named_with_the_command_that_starts_a_newer_one(
    monkeypatch: pytest.MonkeyPatch, calls: Calls
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    monkeypatch.setattr(run, "VERSION", "3.10")
    on_path(monkeypatch, "apt-get", "python3.12")
    problem = run.python_problem()
    assert "needs Python 3.11 or newer" in problem
    assert "this is Python 3.10" in problem
    assert problem.endswith("\n    python3.12 run.py")
    assert calls.commands == ["python3.12 -c "]


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("apt-get", "sudo apt-get install python3.11"),
        ("dnf", "sudo dnf install python3.12"),
        ("pacman", "sudo pacman -S python"),
    ],
)
def test_old_python_alone_is_named_with_the_command_that_installs_a_newer_one(
    monkeypatch: pytest.MonkeyPatch, program: str, command: str
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    monkeypatch.setattr(run, "SUDO", "sudo ")
    monkeypatch.setattr(subprocess, "call", Calls(lambda words: 127))  # a shim of pyenv: on the path, yet not usable
    on_path(monkeypatch, program, "python3.12")
    assert run.python_problem().endswith(f"Run:\n    {command}")


def test_this_python_is_new_enough() -> None:
    assert run.python_problem() == ""


def test_a_complete_system_has_no_problem(monkeypatch: pytest.MonkeyPatch, calls: Calls) -> None:
    bare_linux(monkeypatch)
    assert run.system_problem() == ""
    assert calls.commands == []


@pytest.mark.parametrize(
    ("program", "package"), [("apt-get", "libegl1"), ("dnf", "libglvnd-egl"), ("pacman", "libglvnd")]
)
def test_a_missing_library_is_named_with_one_command(
    monkeypatch: pytest.MonkeyPatch, calls: Calls, program: str, package: str
) -> None:
    bare_linux(monkeypatch, "libEGL.so.1")
    on_path(monkeypatch, program)
    monkeypatch.setattr(run, "SUDO", "sudo ")
    sentence, _, command = run.system_problem().partition("\n    ")
    assert sentence == "This system lacks libEGL.so.1. Run:"
    assert command.startswith(f"sudo {program} ")
    assert package in command.split()
    assert calls.commands == []  # without root nothing is installed


def test_missing_venv_and_library_are_in_the_same_command(monkeypatch: pytest.MonkeyPatch) -> None:
    bare_linux(monkeypatch, "libGL.so.1")
    on_path(monkeypatch, "apt-get")
    monkeypatch.setattr(run, "SUDO", "sudo ")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    problem = run.system_problem()
    assert problem.startswith("This system lacks the Python module ensurepip, libGL.so.1.")
    command = problem.splitlines()[-1].split()
    assert {f"python{run.VERSION}-venv", "libgl1"} <= set(command)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, False)],
)
def test_the_libraries_of_x11_are_wanted_only_on_x11(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool
) -> None:
    bare_linux(monkeypatch, "libxcb-cursor.so.0")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run.missing() == ({"libxcb-cursor.so.0": "x11"} if wanted else {})


def test_root_with_apt_installs_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {"libGL.so.1"}

    def install(words: list[str]) -> int:
        absent.difference_update({"libGL.so.1"} if "libgl1" in words else set())
        return 0

    calls = Calls(install)
    bare_linux(monkeypatch)
    monkeypatch.setattr(run, "loads", lambda library: library not in absent)
    monkeypatch.setattr(subprocess, "call", calls)
    monkeypatch.setattr(run, "SUDO", "")
    on_path(monkeypatch, "apt-get")
    assert run.system_problem() == ""
    assert calls.commands[0] == "apt-get update"
    assert "apt-get install libegl1 libgl1 " in calls.commands[1]
    assert "--yes" in calls.commands[1].split()


def test_root_without_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    bare_linux(monkeypatch, "libGL.so.1")
    monkeypatch.setattr(subprocess, "call", Calls(lambda words: 100))
    monkeypatch.setattr(run, "SUDO", "")
    on_path(monkeypatch, "apt-get")
    assert "lacks libGL.so.1. Run:\n    apt-get install libegl1 libgl1" in run.system_problem()


def test_a_problem_ends_with_exit_code_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(run, "system_problem", lambda: "This system lacks a thing.")
    monkeypatch.setattr(run, "install", lambda extra: pytest.fail("went on regardless"))
    assert run.main([]) == 2
    assert capsys.readouterr().err == "This system lacks a thing.\n"


def make_venv(words: list[str]) -> int:
    """What `python -m venv` leaves behind, as far as run.py looks."""
    if "venv" in words:
        python = Path(words[-1]) / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
    return 0


@pytest.fixture
def installing(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> Calls:
    monkeypatch.setattr(run, "VENV", checkout / ".venv")
    calls = Calls(make_venv)
    monkeypatch.setattr(subprocess, "call", calls)
    monkeypatch.setattr(subprocess, "check_call", calls.check)
    return calls


def count(calls: Calls, part: str) -> int:
    return sum(part in command for command in calls.commands)


def test_the_second_start_installs_nothing(installing: Calls) -> None:
    run.install("")
    assert count(installing, "-m venv") == 1
    assert count(installing, "-c constraints.txt -e .") == 1
    installing.commands.clear()
    run.install("")
    assert installing.commands == []


def test_tests_install_their_extra_once_and_the_program_needs_no_more(installing: Calls) -> None:
    run.install("")
    run.install("[test]")
    assert count(installing, "-e .[test]") == 1
    run.install("[test]")
    run.install("")
    assert count(installing, "pip install") == 2
    assert count(installing, "-m venv") == 1


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_installs_again(installing: Calls, checkout: Path, name: str) -> None:
    run.install("")
    (checkout / name).write_text("changed", encoding="utf-8")
    run.install("")
    assert count(installing, "pip install") == 2


def test_another_python_makes_a_new_venv(installing: Calls, monkeypatch: pytest.MonkeyPatch, checkout: Path) -> None:
    run.install("")
    monkeypatch.setattr(sys, "version", "3.99.0")
    unusable = Calls(lambda words: 1 if "-c" in words and "sys.exit" in words[-1] else 0)
    monkeypatch.setattr(subprocess, "call", unusable)
    run.install("")
    assert count(installing, "-m venv --clear") == 2


def test_an_interrupted_installation_does_not_count(installing: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    run.install("")
    failing = Calls(lambda words: 1 if "pip" in words else 0)
    monkeypatch.setattr(subprocess, "check_call", failing.check)
    with pytest.raises(subprocess.CalledProcessError):
        run.install("[test]")
    monkeypatch.setattr(subprocess, "check_call", installing.check)
    installing.commands.clear()
    run.install("")
    assert count(installing, "pip install") == 1


@pytest.mark.parametrize("broken", ["", "ruff", "mypy", "pytest"])
def test_check_runs_everything_and_fails_if_one_fails(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    calls = Calls(lambda words: 1 if broken in words[1:] else 0)
    monkeypatch.setattr(subprocess, "call", calls)
    assert run.check(["-k", "dense"]) == (1 if broken else 0)
    asked = [command.split(" -m ")[1] for command in calls.commands]
    assert asked == ["ruff check", "ruff format --check", "mypy", "pytest -n 2 --dist loadfile -k dense"]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the program is a child process")
def test_the_program_gets_the_arguments_and_takes_the_place_of_run_py(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def execv(path: str, command: list[str]) -> None:
        started.append(command)
        raise SystemExit(7)

    monkeypatch.setattr(run, "system_problem", lambda: "")
    monkeypatch.setattr(run, "install", lambda extra: None)
    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(SystemExit):
        run.main(["--demo", "my file"])
    assert started == [[str(run.PYTHON), "-P", "-m", "app", "--demo", "my file"]]
