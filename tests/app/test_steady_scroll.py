"""Words in a scrolling column break at the same places with and without its scroll bar."""

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
        qtbot.waitUntil(lambda count=count: column.verticalScrollBar().isVisible() == (count == 200))  # type: ignore[misc]
        widths[count] = words.width()
    assert len(set(widths.values())) == 1 and words.width() > 150
