"""What every test gets: Qt without a screen, folders of its own, and a check that a window test leaves nothing behind.

Tests of the core ask for no Qt fixture and pay nothing for the check.
"""

import atexit
import gc
import multiprocessing
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy  # noqa: F401 (its threads are limited below)
import pytest
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parent.parent
MNIST_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
SECONDS_TO_END = 2.0
"""How long a thread or process that was told to stop may still take."""

PATIENCE = 60_000
"""Milliseconds that what a test waits for may take, unless it says otherwise: a slow machine, busy with other things.

pytest-qt gives up after 5 s. Who waits in vain fails later; who waits for something pays nothing.
"""

# Generated examples are the same in every run, and may take as long as a busy machine makes them.
hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")


def _isolate() -> None:
    """Point Qt at no screen, and everything that looks for a person's folders at temporary ones."""
    home = Path(tempfile.mkdtemp(prefix="chainrule-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    # A screen that happens to be there must not change a result, so the platform is forced, not proposed.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        os.environ[name] = str(home / name.lower())
    for name in ("WIN_PD_OVERRIDE_APPDATA", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        os.environ[name] = str(home / name.lower())
    os.environ["HOME"] = str(home)
    # The networks of the tests are small, and two threads that wait for each other on a busy machine take forever.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    threadpool_limits(1)


_isolate()  # before a test module or a plugin imports Qt


def pytest_configure() -> None:
    """Give all waiting in Qt the same patience."""
    from pytestqt.qtbot import QtBot

    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitExposed, QtBot.waitActive):
        wait.__kwdefaults__ = {**(wait.__kwdefaults__ or {}), "timeout": PATIENCE}


def pytest_collection_finish() -> None:
    """Leave thousands of collected tests out of every later search for garbage: a window test makes one at its end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder with the four real MNIST files: $CHAINRULE_DATA, or one that lies beside the project."""
    chosen = os.environ.get("CHAINRULE_DATA")
    folder = Path(chosen) if chosen else ROOT.parent / "shared" / "mnist"
    missing = [name for name in MNIST_FILES if not list(folder.glob(f"{name}-ubyte*"))]
    if missing and chosen:
        pytest.fail(f"CHAINRULE_DATA is {folder}, but these files are not there: {', '.join(missing)}")
    if missing:
        pytest.skip("The MNIST files are not here; set CHAINRULE_DATA to the folder that has them.")
    return folder


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test of the window that leaves a window, a timer, a thread or a child process running."""
    if {"qtbot", "qapp"}.isdisjoint(request.fixturenames):
        yield
        return
    threads = set(threading.enumerate())
    children = set(multiprocessing.active_children())
    with pytest.MonkeyPatch.context() as patch:
        timers = _record_timers(patch)
        yield
    left = _visible_windows() + _running_timers(timers)
    left += [_end(thread) for thread in set(threading.enumerate()) - threads]
    left += [_end(child) for child in set(multiprocessing.active_children()) - children]
    if report := [text for text in left if text]:
        pytest.fail("The test left behind: " + "; ".join(report), pytrace=False)


def _record_timers(patch: pytest.MonkeyPatch) -> "weakref.WeakSet[Any]":
    from PySide6.QtCore import QTimer

    started: weakref.WeakSet[Any] = weakref.WeakSet()
    start = QTimer.start

    def recording_start(self: QTimer, *interval: Any) -> None:
        started.add(self)
        start(self, *interval)

    patch.setattr(QTimer, "start", recording_start)
    return started


def _running_timers(timers: "weakref.WeakSet[Any]") -> list[str]:
    import shiboken6

    gc.collect()  # a timer that nobody holds any more is no leak, even if it is part of a cycle
    running = [timer for timer in timers if shiboken6.isValid(timer) and timer.isActive()]
    for timer in running:
        timer.stop()
    return [f"the running {timer!r} of {timer.parent()!r}" for timer in running]


def _visible_windows() -> list[str]:
    from PySide6.QtCore import QCoreApplication, QEvent
    from PySide6.QtWidgets import QApplication

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    visible = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    names = [f"the visible {widget!r}" for widget in visible]
    for widget in visible:
        widget.close()
        widget.deleteLater()
    return names


def _end(runner: Any) -> str:
    """Wait for a thread or a process that is about to end, and name it if it does not."""
    runner.join(SECONDS_TO_END)
    if not runner.is_alive():
        return ""
    if terminate := getattr(runner, "terminate", None):
        terminate()
        runner.join(SECONDS_TO_END)
    return f"the running {runner!r}"
