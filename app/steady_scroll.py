"""A scrolling column whose width is the same with and without its scroll bar."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class SteadyScroll(QScrollArea):
    """Has its scroll bar at all times; while there is nothing to scroll it is disabled, and the style shows nothing.

    Otherwise words break elsewhere when it comes; words that fit only without it are shown either way, depending on
    what was shown before; and a column that fits only without it comes and goes for ever.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalScrollBar().rangeChanged.connect(self._follow_range)
        self._follow_range(0, 0)

    def _follow_range(self, low: int, high: int) -> None:
        self.verticalScrollBar().setEnabled(high > low)
