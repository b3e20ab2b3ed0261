"""How the window and the training are doing, in figures: for whoever asks why something is slow."""

import collections
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.document.document import Document
from app.layouts import fill, label
from app.plots.numbers import format_count
from app.view import TEXT, View
from core.words import memory_text

BEAT = 16
"""Milliseconds between two beats: the window has time for a frame as often as the beats arrive."""

_BEATS = 256
"""Beats that figures are made from: about four seconds."""

_SECONDS = 4.0
"""Over how long pictures are counted: few come a second."""

ROWS = (
    "Frames/s",
    "Frame gap, p95",
    "Pictures/s",
    "Steps/s",
    "Samples/s",
    "Frames waiting",
    "History memory",
    "Curve memory",
    "Tape memory",
)

HELP = {
    "Frames/s": "How often the window has time for a frame: beats of a timer of 16 ms, not frames that were drawn.",
    "Frame gap, p95": "Between two of these beats.",
    "Pictures/s": "How often the cards were given another moment of the training to show.",
}


class Diagnostics(View):
    """Measures only while it can be seen; closed, it costs nothing."""

    title = "Diagnostics"
    interval = TEXT

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(document, parent)
        self.frames_waiting: Callable[[], int] | None = None
        """Says how many frames of the training the window has not taken yet; whoever runs the training sets it."""

        self.values = {name: label("–", "mono") for name in ROWS}
        grid = QGridLayout()
        grid.setContentsMargins(10, 8, 10, 8)
        grid.setVerticalSpacing(3)
        for index, (name, value) in enumerate(self.values.items()):
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setAccessibleName(name)
            words = label(name)
            for shown in (words, value):
                shown.setToolTip(HELP.get(name, ""))
            grid.addWidget(words, index, 0)
            grid.addWidget(value, index, 1)
        fill(self, grid, None)
        self._beats: collections.deque[float] = collections.deque(maxlen=_BEATS)
        self._pictures: collections.deque[float] = collections.deque(maxlen=_BEATS)
        self._steps: collections.deque[tuple[float, int]] = collections.deque(maxlen=5)
        self._beat = QTimer(self)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.setInterval(BEAT)
        self._beat.timeout.connect(self._note_beat)
        self._clock = QTimer(self)
        self._clock.setInterval(TEXT)
        self._clock.timeout.connect(self.refresh)
        document.position_changed.connect(self._note_picture)

    @property
    def measuring(self) -> bool:
        """Whether it runs at all."""
        return self._beat.isActive()

    def refresh(self) -> None:
        """The figures of the last few seconds."""
        document = self.document
        steps = len(document.history.losses)
        if self._steps and steps < self._steps[-1][1]:
            self._steps.clear()  # another run
        self._steps.append((time.monotonic(), steps))
        per_second = self._rate() if document.running else 0.0
        batch = document.trainer.batch_size if document.trainer else 0
        gaps = np.diff(self._beats) * 1000
        self._show("Frames/s", f"{1000 / gaps.mean():.0f}" if gaps.size else "–")
        self._show("Frame gap, p95", f"{np.percentile(gaps, 95):.0f} ms" if gaps.size else "–")
        self._show("Pictures/s", f"{self._pictures_per_second():.1f}" if document.running else "–")
        self._show("Steps/s", format_count(round(per_second)))
        self._show("Samples/s", format_count(round(per_second * batch)))
        self._show("Frames waiting", "–" if self.frames_waiting is None else format_count(self.frames_waiting()))
        snapshots = document.course.snapshots
        self._show("History memory", f"{memory_text(snapshots.bytes)} of {memory_text(snapshots.budget)}")
        self._show("Curve memory", memory_text(document.history.losses.bytes))
        self._show("Tape memory", memory_text(document.tape_memory))

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to measure."""
        for measured in (self._beats, self._pictures, self._steps):
            measured.clear()
        self._beat.start()
        self._clock.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Measure no longer."""
        self._beat.stop()
        self._clock.stop()
        super().hideEvent(event)

    def _note_beat(self) -> None:
        self._beats.append(time.monotonic())

    def _note_picture(self) -> None:
        if self.measuring and self.document.running:
            self._pictures.append(time.monotonic())

    def _pictures_per_second(self) -> float:
        """Over the last few seconds."""
        now = time.monotonic()
        while self._pictures and now - self._pictures[0] > _SECONDS:
            self._pictures.popleft()
        return len(self._pictures) / _SECONDS

    def _rate(self) -> float:
        (began, first), (ended, last) = self._steps[0], self._steps[-1]
        return (last - first) / (ended - began) if ended > began else 0.0

    def _show(self, name: str, text: str) -> None:
        self.values[name].setText(text)
