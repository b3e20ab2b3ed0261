"""Words in a scrolling column break at the same places with and without its scroll bar."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.layouts import fill_scrolling


def test_the_column_is_as_wide_with_its_scroll_bar_as_without(qtbot: QtBot) -> None:
    panel, words = QWidget(), QLabel(wordWrap=True)
    column = fill_scrolling(panel, words)
    qtbot.addWidget(panel)
    panel.resize(240, 200)
    panel.show()
    widths = {}
    for count in (1, 200, 2):
        words.setText("words " * count)
        qtbot.waitUntil(lambda count=count: column.verticalScrollBar().isEnabled() == (count == 200))  # type: ignore[misc]
        widths[count] = words.width()
    assert len(set(widths.values())) == 1 and words.width() > 150


class Picture(QWidget):
    """The wider, the higher."""

    narrow = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setFixedHeight(100 if self.width() <= self.narrow else 300)


def test_a_picture_that_fits_only_beside_the_scroll_bar_does_not_come_and_go_for_ever(qtbot: QtBot) -> None:
    panel, picture, more = QWidget(), Picture(), QLabel("more")
    column = fill_scrolling(panel, picture, more)
    qtbot.addWidget(panel)
    panel.resize(240, 200)
    panel.show()
    width = picture.width()
    picture.narrow = width + 4
    more.setFixedHeight(500)
    qtbot.waitUntil(lambda: column.verticalScrollBar().maximum() > 0 and picture.width() == width)
    picture.setFixedHeight(100)
    more.hide()
    qtbot.waitUntil(lambda: column.verticalScrollBar().maximum() == 0)
    assert picture.width() == width and picture.height() == 100
