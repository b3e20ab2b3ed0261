"""A scrolling column whose width is the same with and without its scroll bar."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget


class SteadyScroll(QScrollArea):
    """Keeps the room of the scroll bar free while there is none.

    Otherwise words break elsewhere when it comes; and words that fit only without it are shown either way, depending on
    what was shown before.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalScrollBar().rangeChanged.connect(self._keep_room)
        self._keep_room(0, 0)

    def _keep_room(self, low: int, high: int) -> None:
        room = 0 if high > low else self.verticalScrollBar().sizeHint().width()
        self.setViewportMargins(0, 0, room, 0)
