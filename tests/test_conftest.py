"""The net under the window tests has to catch: each sort of leak and a failing slot are tried in a run of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LEAKS = """
import multiprocessing, threading, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPushButton, QWidget
import pytest

kept = []
stop = threading.Event()

def fail():
    raise RuntimeError("in a slot")

def test_slot_fails(qtbot):
    button = QPushButton()
    qtbot.addWidget(button)
    button.clicked.connect(fail)
    button.click()

def test_slot_of_timer_fails(qtbot):
    QTimer.singleShot(0, fail)
    qtbot.wait(20)

def test_leaves_window(qtbot):
    kept.append(QWidget())
    kept[-1].show()

def test_leaves_timer(qapp):
    kept.append(QTimer())
    kept[-1].start(1000)

def test_leaves_thread(qtbot):
    threading.Thread(target=stop.wait, daemon=True).start()

def test_leaves_process(qtbot):
    multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,)).start()

def test_tidy(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    timer = QTimer(widget)
    timer.start(1000)
    timer.stop()
    child = multiprocessing.get_context("spawn").Process(target=int)
    child.start()
    child.join()

def test_without_qt():
    threading.Thread(target=stop.wait, daemon=True).start()
"""

NEEDS_MNIST = "def test_mnist(mnist_folder):\n    assert mnist_folder.is_dir()\n"


def run_pytest(folder: Path, code: str, **environment: str) -> str:
    """The output of pytest on `code`, run under the project's conftest in a folder of its own."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test_it.py").write_text(code, encoding="utf-8")
    (folder / "tests" / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "-c", os.devnull, "tests"]
    command[-1:] = ["--rootdir", str(folder), "tests"]
    inherited = {name: value for name, value in os.environ.items() if name != "CHAINRULE_DATA"}
    result = subprocess.run(
        command, cwd=folder, env=inherited | environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    return result.stdout


def test_leaks_and_failing_slots_fail_a_window_test(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, LEAKS)
    assert "FAILED tests/test_it.py::test_slot_fails" in output
    assert "FAILED tests/test_it.py::test_slot_of_timer_fails" in output
    for leak in ("window", "timer", "thread", "process"):
        assert f"ERROR tests/test_it.py::test_leaves_{leak}" in output
    assert "2 failed, 6 passed, 4 errors" in output, output


@pytest.mark.parametrize(("variables", "outcome"), [({}, "1 skipped"), ({"CHAINRULE_DATA": "."}, "1 error")])
def test_missing_mnist_skips_unless_a_folder_was_named(tmp_path: Path, variables: dict[str, str], outcome: str) -> None:
    assert outcome in run_pytest(tmp_path, NEEDS_MNIST, **variables)
