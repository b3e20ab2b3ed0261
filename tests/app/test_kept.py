"""What is kept of a picture: it is painted once, and again when anything that it shows is another."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.plots.kept import Kept
from app.theme import apply_theme, current_theme

ROOM = QRect(3, 4, 5, 6)


@pytest.fixture(autouse=True)
def _light(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp, "light")
    yield
    apply_theme(qapp, "light")


def test_it_is_painted_once_and_copied_to_its_place(qtbot: QtBot, qapp: QApplication) -> None:
    kept, painted = Kept(), []

    def dot(painter: QPainter) -> None:
        painted.append(True)
        painter.fillRect(QRect(5, 6, 1, 1), QColor("#ff0000"))

    def drawn(room: QRect, *key: object) -> QImage:
        image = QImage(20, 20, QImage.Format.Format_RGB32)
        image.fill(QColor("#0000ff"))
        painter = QPainter(image)
        kept.draw(painter, room, key, dot)
        painter.end()
        return image

    for _ in range(2):
        image = drawn(ROOM, "a")
        assert image.pixelColor(5, 6) == QColor("#ff0000"), "in the coordinates of the widget"
        assert image.pixelColor(3, 4) == QColor(current_theme().panel), "on the ground of a panel"
        assert image.pixelColor(2, 4) == image.pixelColor(8, 4) == QColor("#0000ff"), "and nowhere else"
    assert len(painted) == 1
    drawn(ROOM, "b")
    drawn(ROOM.adjusted(0, 0, 1, 0), "b")
    apply_theme(qapp, "dark")
    assert drawn(ROOM.adjusted(0, 0, 1, 0), "b").pixelColor(3, 4) == QColor(current_theme().panel)
    assert len(painted) == 4
