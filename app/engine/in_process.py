"""Training in slices on the thread of the window: for tests, and where no process can be started."""

import time
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.engine.engine import Engine
from app.engine.loop import TrainingLoop
from app.engine.protocol import Run, Stopped
from core.datasets.base import Dataset
from core.norms import NormRange

SLICE = 0.008
"""Seconds of training between two looks at the events of the window."""

_SLICES_PER_FRAME = 3


class InProcessEngine(Engine):
    """Trains for 8 ms whenever the window has nothing to do."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data: Dataset | None = None
        self._loop: TrainingLoop | None = None
        self._slices = 0
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._advance)

    def load(self, data: Dataset) -> None:
        self._data = data

    def start(self, run: Run) -> None:
        assert self._data is not None
        self._loop = TrainingLoop(run, self._data)
        self._slices = 0
        self._timer.start(0)

    def pause(self) -> None:
        self._stop()

    def pause_now(self) -> None:
        self._stop()

    def change_optimizer(self, spec: dict[str, Any]) -> None:
        if self._loop:
            self._loop.change_optimizer(spec)

    def watch(self, norms: tuple[NormRange, ...]) -> None:
        if self._loop:
            self._loop.watch(norms)

    def close(self) -> None:
        self._timer.stop()
        self._loop = None

    def _advance(self) -> None:
        loop = self._loop
        if loop is None:
            return
        loop.advance(SLICE)
        self._slices += 1
        if loop.is_over:
            self._stop()
        elif self._slices % _SLICES_PER_FRAME == 0:
            started = time.perf_counter()
            frame = loop.frame()
            if frame.state is not None:
                loop.account_for(time.perf_counter() - started)
            self.frame.emit(frame)

    def _stop(self) -> None:
        if loop := self._loop:
            # Before the loop is let go: where there is no memory for the state, one can try again.
            frame = loop.frame(final=True)
            self._loop = None
            self._timer.stop()
            self.stopped.emit(Stopped(frame, loop.reason, loop.is_problem))
