"""Chips in rows from left to right, as many as fit; where that makes many rows, long chips give way."""

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

MOST_ROWS = 2
"""Rows up to which every chip is as wide as its name; beyond it none takes more than half a row."""

_LEAST_HALF = 140
"""Pixels below which half a row holds too little of a name to tell which run it is."""


class ChipRows(QLayout):
    """Widgets from left to right, and on in the next row where there is no more room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(6, 0, 6, 0)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def row_height(self) -> int:
        """The height of one row."""
        return max((item.sizeHint().height() for item in self._items), default=0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return max((place.bottom() + 1 for place in self._places(width)), default=0)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """No name makes a panel wider: it is cut instead."""
        return QSize(0, self.row_height())

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        for item, place in zip(self._items, self._places(rect.width()), strict=True):
            item.setGeometry(place.translated(rect.topLeft()))

    def _places(self, width: int) -> list[QRect]:
        margins = self.contentsMargins()
        room = QRect(margins.left(), 0, width - margins.left() - margins.right(), self.row_height())
        places = self._flow(room, room.width())
        half = room.width() // 2
        if half >= _LEAST_HALF and places and places[-1].top() >= MOST_ROWS * room.height():
            places = self._flow(room, half)
        return places

    def _flow(self, room: QRect, widest: int) -> list[QRect]:
        """Where everything goes, from the first row on, if nothing is wider than `widest`."""
        places: list[QRect] = []
        at = room.topLeft()
        for item in self._items:
            width = min(item.sizeHint().width(), widest)
            if at.x() + width > room.left() + room.width() and at.x() > room.left():
                at = QPoint(room.left(), at.y() + room.height())
            places.append(QRect(at, QSize(width, room.height())))
            at = QPoint(at.x() + width, at.y())
        return places
