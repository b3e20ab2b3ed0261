"""Starts Qt, shows the window and runs until it is closed."""

import sys

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QApplication
from threadpoolctl import threadpool_limits

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.client import ProcessEngine
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.settings import default_threads
from app.settings_store import load_settings
from app.theme import ThemeName, apply_theme
from app.window.main_window import MainWindow
from core.experiment import Experiment

FIRST = "xor"
"""What is shown until the data of another experiment is loaded."""

PICTURES_KEPT = 64 * 1024
"""Kilobytes that Qt may keep of what it has drawn: on a large screen its own 10 MB do not hold all curves."""


def make_application(theme: ThemeName) -> QApplication:
    """The one application object, in a theme."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Chainrule")
    application.setDesktopFileName("chainrule")
    QPixmapCache.setCacheLimit(PICTURES_KEPT)
    apply_theme(application, theme)
    return application


def make_engine(threads: int, *, single_process: bool) -> Engine:
    """Where training runs; both processes use the same number of BLAS threads, or the last bits would differ."""
    threadpool_limits(threads)
    return InProcessEngine() if single_process else ProcessEngine(threads)


def make_window(experiment: Experiment, engine: Engine) -> MainWindow:
    """A window with that experiment; if its data takes time to load, it appears when it is there."""
    source = experiment.source()
    if source.needs_folder or source.is_slow:
        first = load_preset(FIRST)
        window = MainWindow(Document(first, first.source().load()), engine)
        window.opener.open_experiment(experiment, at_start=True)
        return window
    return MainWindow(Document(experiment, source.load()), engine)


def open_window(
    experiment: Experiment, size: tuple[int, int], theme: ThemeName, threads: int | None, *, single_process: bool
) -> int:
    """Show the window and return the exit code when it was closed."""
    application = make_application(theme)
    threads = threads or load_settings().blas_threads or default_threads()
    window = make_window(experiment, make_engine(threads, single_process=single_process))
    screen = application.primaryScreen().availableGeometry()
    window.resize(min(size[0], screen.width()), min(size[1], screen.height()))
    window.show()
    # The child process starts when the window is there, so that nobody waits for it.
    QTimer.singleShot(0, window.run_control.load)
    return application.exec()
