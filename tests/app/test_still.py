"""The frame around a panel: what is inside may change as it likes, and the window hears only of another least room."""

import pytest
from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.window.still import Still


class Layouts(QObject):
    """Counts how often a widget is asked to lay out its children anew."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


@pytest.fixture
def outer(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def settle() -> None:
    """A request for a layout goes outward one frame at a time, each after the one before is done."""
    for _ in range(5):
        QApplication.processEvents()


def test_the_window_is_laid_out_anew_for_another_least_room_alone(outer: QWidget) -> None:
    content, text = QWidget(), QLabel("short")
    content.setMinimumSize(200, 50)
    QVBoxLayout(content).addWidget(text)
    still = Still(content, QPalette.ColorRole.Window)
    QVBoxLayout(outer).addWidget(still)
    outer.show()
    settle()
    layouts = Layouts(outer)
    text.setText("a longer text")
    settle()
    assert layouts.count == 0 and text.width() >= text.sizeHint().width(), "inside it has found its place"
    content.setMinimumSize(300, 60)
    settle()
    assert layouts.count and still.minimumSizeHint() == QSize(300, 60)
    assert content.size() == still.size()


def test_while_it_is_held_a_picture_of_the_content_takes_the_room(outer: QWidget) -> None:
    content = QLabel("7")
    content.setStyleSheet("background: #ff0000")
    still = Still(content, QPalette.ColorRole.Window)
    still.setParent(outer)
    still.resize(100, 50)
    outer.show()
    settle()
    still.hold()
    content.setStyleSheet("background: #0000ff")
    still.resize(200, 80)
    settle()
    shown = still.grab().toImage()
    assert shown.pixelColor(195, 75).name() == shown.pixelColor(2, 2).name() == "#ff0000", "as it was when it was held"
    assert content.size() == QSize(100, 50), "not laid out"
    still.let_go()
    settle()
    assert content.size() == QSize(200, 80)
    assert still.grab().toImage().pixelColor(195, 75).name() == "#0000ff"
