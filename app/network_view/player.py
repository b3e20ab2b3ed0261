"""Plays the tape: one record after the other, forward or backward, at a chosen speed, over batch after batch."""

from PySide6.QtCore import QObject, QTimer, Signal

from app.document.document import Document
from app.document.walk import Direction

SPEEDS = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Records a second that one can choose from."""


class Player(QObject):
    """Moves the document's cursor until it is told to stop, or the walk says that it has to.

    Whatever else moves the cursor, edits or runs ends the playing.
    """

    changed = Signal()
    """It began or stopped to play, or plays the other way or at another speed."""

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._direction: Direction | None = None
        self._speed = 2.0
        self._moving = False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        document.position_changed.connect(self._follow)
        document.walk.changed.connect(self._follow)
        document.experiment_changed.connect(self.stop)
        document.running_changed.connect(self.stop)

    @property
    def direction(self) -> Direction | None:
        """1 forward, −1 backward, None while it stands still."""
        return self._direction

    @property
    def speed(self) -> float:
        """Records a second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = speed
        self._timer.setInterval(round(1000 / speed))
        self.changed.emit()

    def forward(self) -> None:
        """Play forward, or stop if it does."""
        self._toggle(1)

    def backward(self) -> None:
        """Play backward, or stop if it does."""
        self._toggle(-1)

    def stop(self) -> None:
        """Stand still."""
        if self._direction is not None:
            self._direction = None
            self._timer.stop()
            self.changed.emit()

    def _toggle(self, direction: Direction) -> None:
        if self._direction == direction or self._document.running or self._document.tape is None:
            self.stop()
            return
        self._document.walk.step_out()
        self._direction = direction
        self._timer.start(round(1000 / self._speed))
        self.changed.emit()

    def _step(self) -> None:
        if self._direction is None:
            return
        self._moving = True
        try:
            goes_on = self._document.walk.play(self._direction)
        finally:
            self._moving = False
        if not goes_on:
            self.stop()

    def _follow(self) -> None:
        if not self._moving:
            self.stop()
