"""The base of everything in the window that shows the document, and the clock that paces it.

While nothing runs, a view follows every step at once. While a training runs, it is redrawn by the clock, at most as
often as its kind of content is worth, and only while it can be seen.
"""

import time

import numpy as np
from PySide6.QtCore import QObject, QPoint, QRect, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from app.document.document import Document
from app.plots.numbers import Precision

PICTURES, HISTOGRAMS, CURVES, TEXT = 33, 100, 200, 250
"""Milliseconds between two refreshes while a training runs, by kind of content."""

_TICK = 16


class _Digits(QObject):
    """Tells that numbers are written with other digits; Qt forgets by itself who is no longer there to hear it."""

    changed = Signal()

    def tell(self) -> None:
        """Pass it on."""
        self.changed.emit()


_digits = _Digits()
Precision.changed.connect(_digits.tell)


class View(QWidget):
    """Shows a part of the document; subclasses override `refresh` and connect the document's signals to `invalidate`.

    `note_changed` carries the short remark at the right of the panel's title.
    """

    note_changed = Signal(str)
    title: str = ""
    interval: int = PICTURES

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self._stale = True
        self._refreshed_at = 0.0
        document.settled.connect(self.catch_up)
        _digits.changed.connect(self.invalidate)

    def refresh(self) -> None:
        """Draw what the document holds now."""
        raise NotImplementedError

    def invalidate(self) -> None:
        """What is shown is out of date: redraw now, or when the clock says, or when it is shown again."""
        self._stale = True
        if not self.document.running and not self.document.settling:
            self._refresh_if_seen()

    def catch_up(self) -> None:
        """A move has told everything that changed, or what was covered has come to the front."""
        if self._stale and not self.document.running:
            self._refresh_if_seen()

    def tick(self) -> bool:
        """The clock's call: redraw if it is out of date, visible and its turn; returns whether it was."""
        due = self._stale and (time.monotonic() - self._refreshed_at) * 1000 >= self.interval and self.is_seen
        if due:
            self._refresh()
        return due

    @property
    def is_unfinished(self) -> bool:
        """Whether the last picture left something for the next tick."""
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._refresh()

    @property
    def is_seen(self) -> bool:
        """Whether any of it can be seen: Qt calls a dock visible that is parked behind the tab of another one."""
        window = self.window()
        place = QRect(self.mapTo(window, QPoint()), self.size())
        return self.isVisible() and place.intersects(window.rect())

    def _refresh_if_seen(self) -> None:
        if self.is_seen:
            self._refresh()

    def _refresh(self) -> None:
        self._stale = False
        self._refreshed_at = time.monotonic()
        # What went beyond the numbers is shown as NaN and infinity, not told as a warning.
        with np.errstate(all="ignore"):
            self.refresh()


class FrameClock(QObject):
    """Ticks the views while a training runs; stands still otherwise."""

    def __init__(self, document: Document, views: list[View], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._views = views
        self._next = 0
        self._timer = QTimer(self, interval=_TICK)
        self._timer.timeout.connect(self._tick)
        document.running_changed.connect(self._follow)
        self._has_moved = False
        document.position_changed.connect(self._note_move)

    def stop(self) -> None:
        """Stand still for good."""
        self._timer.stop()

    def _follow(self) -> None:
        if self._document.running:
            self._timer.start()
        else:
            self._timer.stop()
            for view in self._views:
                view.invalidate()

    def _note_move(self) -> None:
        self._has_moved = True

    def _tick(self) -> None:
        if self._has_moved:
            # To take up a state of the training fills a beat; the pictures of it have the next ones.
            self._has_moved = False
            return
        for _ in self._views:
            # In turn, so that the views behind a busy one are not forgotten.
            if not self._views[self._next].is_unfinished:
                self._next = (self._next + 1) % len(self._views)
            view = self._views[self._next]
            # Words cost little, but two pictures between two frames would take longer than a frame.
            if view.tick() and view.interval < TEXT:
                return
