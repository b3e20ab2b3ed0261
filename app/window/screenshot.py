"""Pictures of the real window, made without a display: for the README, for tests and for looking at a change."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImageWriter

from app.document.document import Document
from app.engine.in_process import InProcessEngine
from app.theme import ThemeName
from app.train_command import load_data
from app.window.main_window import MainWindow
from app.window.start import make_application
from core.experiment import Experiment
from core.export.files import check_writable
from core.types import DataError


def take_screenshot(path: Path, experiment: Experiment, size: tuple[int, int], theme: ThemeName, steps: int) -> None:
    """Write a picture of the window after `steps` steps of the tape. Errors: DataError when it cannot be written."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    check_writable(path)
    document = Document(experiment, load_data(experiment.source()))
    with open_unseen(document, size, theme) as window:
        for _ in range(steps):
            document.next_layer()
        save_picture(window, path)


@contextmanager
def open_unseen(document: Document, size: tuple[int, int], theme: ThemeName) -> Iterator[MainWindow]:
    """A window on a document on no screen, closed in the end; the theme "system" is light here."""
    make_application("light" if theme == "system" else theme)
    window = MainWindow(document, InProcessEngine())
    try:
        window.resize(*size)
        window.show()
        yield window
    finally:
        window.close()
        # Now, not when Python gets round to it: half of what the window listens with could be gone by then.
        window.deleteLater()
        QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)


def save_picture(window: MainWindow, path: Path) -> None:
    """Write what the window shows now as a PNG."""
    # Layouts and repaints are posted events; what is not processed is not in the picture.
    for _ in range(3):
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    writer = QImageWriter(str(path), b"png")
    if not writer.write(window.grab().toImage()):
        raise DataError(f"The picture cannot be written to {path}: {writer.errorString()}. Choose another place.")
