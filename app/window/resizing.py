"""What the window shows while a person drags its edge and a network trains: pictures, until the edge stands still."""

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QMainWindow

from app.window.still import Still

_REST = 80
_BETWEEN = 8
"""Milliseconds after the last change of size until the first frame lays its content out, and from one to the next."""


class Resizing(QObject):
    """Holds all frames that can be seen from one change of size to the end of the last; lets them go one at a time.

    To lay out and paint every panel at every size takes longer than a frame, and a training brings new content besides.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._held: list[Still] = []
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._let_one_go)

    def hold(self) -> None:
        """The window has another size, and may soon have the next."""
        stills = self._window.findChildren(Still)
        # Of those behind the tab of another one nothing can be seen; of those that are held, only their picture.
        seen = [still for still in stills if still not in self._held and not still.visibleRegion().isEmpty()]
        for still in seen:
            still.hold()
        self._held += seen
        self._timer.start(_REST)

    def _let_one_go(self) -> None:
        if self._held:
            self._held.pop().let_go()
            self._timer.setInterval(_BETWEEN)
        else:
            self._timer.stop()
