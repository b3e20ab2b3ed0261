"""Starts Qt, shows the window and runs until it is closed."""

import sys

from PySide6.QtWidgets import QApplication

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.in_process import InProcessEngine
from app.theme import ThemeName, apply_theme
from app.window.main_window import MainWindow
from core.experiment import Experiment

FIRST = "xor"
"""What is shown until the data of another experiment is loaded."""


def make_application(theme: ThemeName) -> QApplication:
    """The one application object, in a theme."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Chainrule")
    application.setDesktopFileName("chainrule")
    apply_theme(application, theme)
    return application


def make_window(experiment: Experiment) -> MainWindow:
    """A window with that experiment; if its data takes time to load, it appears when it is there."""
    source = experiment.source()
    if source.needs_folder or source.is_slow:
        first = load_preset(FIRST)
        window = MainWindow(Document(first, first.source().load()), InProcessEngine())
        window.open_experiment(experiment)
        return window
    return MainWindow(Document(experiment, source.load()), InProcessEngine())


def open_window(experiment: Experiment, size: tuple[int, int] | None, theme: ThemeName) -> int:
    """Show the window and return the exit code when it was closed."""
    application = make_application(theme)
    window = make_window(experiment)
    screen = application.primaryScreen().availableGeometry()
    width, height = size or (1600, 1000)
    window.resize(min(width, screen.width()), min(height, screen.height()))
    window.show()
    return application.exec()
