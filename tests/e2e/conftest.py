"""The real window for tests that use it as a person does: shown at its usual size, closed at the end, never failing
in silence."""

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.document.document import Document
from app.document.presets import load_preset
from app.engine.engine import Engine
from app.engine.in_process import InProcessEngine
from app.theme import apply_theme
from app.window.main_window import MainWindow
from core.datasets.base import Dataset


class Opener(Protocol):
    """Opens a window on a document; training runs in slices unless another engine is given."""

    def __call__(self, document: Document, engine: Engine | None = None) -> MainWindow: ...


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opener]:
    """Open a window on a document; an exception in a slot, which Qt would only print, fails the test."""
    raised: list[BaseException] = []

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append(error)
        sys.__excepthook__(kind, error, trace)

    monkeypatch.setattr(sys, "excepthook", note)
    opened: list[MainWindow] = []
    apply_theme(qapp, "light")

    def open_on(document: Document, engine: Engine | None = None) -> MainWindow:
        window = MainWindow(document, engine or InProcessEngine())
        window.run_control.load()
        window.resize(1280, 800)
        with qtbot.waitExposed(window):
            window.show()
        QApplication.processEvents()  # the docks take their places
        opened.append(window)
        return window

    yield open_on
    for window in opened:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    apply_theme(qapp, "light")
    assert not raised


@pytest.fixture
def window(open_window: Opener) -> MainWindow:
    """The window on XOR, as the program opens it."""
    experiment = load_preset("xor")
    return open_window(Document(experiment, experiment.source().load()))


@pytest.fixture
def keyboard(window: MainWindow, qtbot: QtBot) -> MainWindow:
    """The window on XOR, where the keys go."""
    with qtbot.waitActive(window):
        window.activateWindow()
    return window


@pytest.fixture(scope="module")
def digits(mnist_folder: Path) -> Dataset:
    """The real MNIST; for a module, because it takes half a second and 200 MB."""
    return load_preset("mnist-conv").source().load(mnist_folder)


@pytest.fixture
def conv(open_window: Opener, digits: Dataset) -> MainWindow:
    """The window on the preset mnist-conv, in batches of 64."""
    return open_window(Document(dataclasses.replace(load_preset("mnist-conv"), batch_size=64), digits))
