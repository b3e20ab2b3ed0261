"""Docks above one another: closed and opened again in whatever order, they are as high as they were.

Qt sees to that by itself only where the dock that was closed last is opened first.
"""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow


class Column(QObject):
    """Remembers how high the docks of a column were before the first of them was closed."""

    def __init__(self, docks: Sequence[QDockWidget], window: QMainWindow) -> None:
        super().__init__(window)
        self._docks = docks
        self._window = window
        self._heights: list[int] = []
        self._most_closed = 0
        self._soon = QTimer(self, singleShot=True, interval=0)  # once Qt has given the dock its place
        self._soon.timeout.connect(self._restore)
        for dock in docks:
            dock.toggleViewAction().toggled.connect(self._follow)

    def _follow(self, opened: bool) -> None:
        closed = sum(not dock.toggleViewAction().isChecked() for dock in self._docks)
        if not opened and closed == 1:  # nothing has been laid out anew yet
            self._heights, self._most_closed = [dock.height() for dock in self._docks], 0
        self._most_closed = max(self._most_closed, closed)
        # With one closed, Qt knows; and what was moved by hand meanwhile counts.
        if self._heights and closed == 0 and self._most_closed > 1:
            self._soon.start()

    def forget(self) -> None:
        """The docks are arranged anew: what they were before counts no more."""
        self._soon.stop()

    def _restore(self) -> None:
        """Nobody has moved a dock out of the column meanwhile, or else it stays as it is."""
        areas = {self._window.dockWidgetArea(dock) for dock in self._docks}
        if len(areas) == 1 and not any(dock.isFloating() for dock in self._docks):
            self._window.resizeDocks(list(self._docks), self._heights, Qt.Orientation.Vertical)
